"""Notes of a run in its log: where only a log comes out, progress travels in it."""

import json

from serving.training.run import Progress
from serving.training.run_files import as_fields, from_fields

MARK = "shopcast-progress "


def as_note(progress: Progress) -> str:
    """Write progress as a line of a log."""
    return MARK + json.dumps(as_fields(progress))


def newest_note(log: str) -> Progress:
    """Return the newest progress in a log; queued: the log has none, or only a broken one."""
    for line in reversed(log.splitlines()):
        if line.startswith(MARK):
            try:
                return from_fields(json.loads(line.removeprefix(MARK)))
            except (ValueError, TypeError, KeyError):
                continue
    return Progress()


def without_notes(log: str) -> list[str]:
    """Return the lines of a log that people wrote or read."""
    return [line for line in log.splitlines() if line.strip() and not line.startswith(MARK)]
