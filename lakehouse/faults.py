"""Fault injection points: where a test stops or delays a process, before and after each write.

In production a point does nothing. Tests (tests/faults) register hooks in code, so that no setting
of the program can trigger a fault.
"""

from collections.abc import Callable

# Functions that are called with the name of every point reached; only tests add some.
hooks: list[Callable[[str], None]] = []


def reach(point: str) -> None:
    """Call every hook with the name of the point that the program reached."""
    for hook in hooks:
        hook(point)
