"""Faults: the points where a test cuts a process off or holds it up.

Points are ``before`` and ``after`` each write. Nothing happens there: who runs a test puts in what
shall happen (tests/faults), so that no setting of the program can end it.
"""

from collections.abc import Callable

# Called with the name of every point that is reached.
hooks: list[Callable[[str], None]] = []


def reach(point: str) -> None:
    """Say that a point is reached."""
    for hook in hooks:
        hook(point)
