"""Ends of commands: the exit code and the result fields of every way in which a command ends."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lakehouse import interruption
from lakehouse.errors import RefusedError, ShopcastError, UsageError

DONE, INTERRUPTED, FAILED = "done", "interrupted", "failed"


class FoundError(RefusedError):
    """A check found a fault; ``figures``, added to the result line, give the extent."""

    def __init__(self, message: str, figures: Mapping[str, Any]) -> None:
        super().__init__(message)
        self.figures = figures


@dataclass(frozen=True)
class Ending:
    """How a command ended.

    Attributes:
        exit_code: the exit code.
        fields: the fields of the result line; ``status`` is one of them.
    """

    exit_code: int
    fields: Mapping[str, Any]


def ending_with(fields: Mapping[str, Any]) -> Ending:
    """Return the end of a command that returned result fields.

    A command reports a status other than ``done`` itself if a part of its work failed.
    """
    status = str(fields.get("status", DONE))
    codes = {INTERRUPTED: interruption.exit_code(), FAILED: 1}
    return Ending(codes.get(status, 0), {"status": status, **fields})


def ending_by(error: BaseException) -> Ending:
    """Return the end of a command that an exception ended."""
    if interruption.asked_for.is_set() or isinstance(error, KeyboardInterrupt):
        return Ending(interruption.exit_code(), {"status": INTERRUPTED})
    if not isinstance(error, ShopcastError):
        text = f"{type(error).__name__}: {last_line(error)}"
        return Ending(1, {"status": FAILED, "error": text})
    status = "wrong use" if isinstance(error, UsageError) else "refused"
    figures = error.figures if isinstance(error, FoundError) else {}
    return Ending(error.exit_code, {"status": status, "error": str(error), **figures})


def last_line(error: BaseException) -> str:
    """Return the last line of an error's message: in a Spark worker's traceback, the cause."""
    return str(error).strip().rpartition("\n")[2]
