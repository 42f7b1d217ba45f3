"""Faults put into a process: where it is cut off, or held up."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import NoReturn

from lakehouse import faults

ROOT = Path(__file__).parents[1]
Hook = Callable[[str], None]


class Killed(BaseException):
    """What a process that is cut off does not live to see."""


def kill(*_: object) -> NoReturn:
    """End as a process does that is cut off: no handler of the program's own errors sees it."""
    raise Killed


def kill_at(point: str, number: int = 1, end: Callable[[], None] = kill) -> Hook:
    """End when a point is reached for the number-th time."""
    reached = count(1)

    def hook(name: str) -> None:
        if name == point and next(reached) == number:
            end()

    return hook


def hold_at(point: str, flag: Path) -> Hook:
    """Make a file when a point is first reached, and wait there until someone removes it."""
    reached = count()

    def hook(name: str) -> None:
        if name == point and next(reached) == 0:
            flag.touch()
            while flag.exists():
                time.sleep(0.05)

    return hook


def kill_at_step(number: int) -> Hook:
    """End at the number-th point before a write, whichever it is; the first is 0."""
    reached = count()

    def hook(name: str) -> None:
        if name.startswith("before ") and next(reached) == number:
            kill()

    return hook


def points(work: Callable[[], object]) -> list[str]:
    """Do something, and return the points before its writes."""
    reached: list[str] = []
    with hooked(reached.append):
        work()
    return [name for name in reached if name.startswith("before ")]


@contextmanager
def hooked(hook: Hook) -> Iterator[None]:
    """Put a fault into this process while a block runs."""
    faults.hooks.append(hook)
    try:
        yield
    finally:
        faults.hooks.remove(hook)


def faulty(fault: str) -> dict[str, str]:
    """Return the environment of a process that has a fault, as tests/faults reads it."""
    path = os.pathsep.join([str(ROOT / "tests" / "faults"), str(ROOT)])
    return {**os.environ, "SHOPCAST_FAULT": fault, "PYTHONPATH": path}
