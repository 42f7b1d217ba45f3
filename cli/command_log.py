"""Log lines of commands: text for a terminal, or JSON objects of the Elastic Common Schema."""

import logging

from lakehouse.delta.observed import running
from lakehouse.ecs import EcsFormatter, Fields

JOBS, STREAMS = "shopcast-jobs", "shopcast-streams"
TEXT = logging.Formatter("%(asctime)s %(message)s", datefmt="%H:%M:%S")


def command_formatter(form: str, command: str, service: str) -> logging.Formatter:
    """Return the formatter of a command's log lines.

    Args:
        form: ``text`` or ``ecs``.
        command: name of the command.
        service: ``JOBS`` or ``STREAMS``.
    """
    if form == "text":
        return TEXT

    def describe() -> Fields:
        """Name the command and, where one is recorded, the innermost run in work."""
        run = {"shopcast.run": running[-1].run} if running else {}
        return {"shopcast.command": command, **run}

    return EcsFormatter(service, service, describe)
