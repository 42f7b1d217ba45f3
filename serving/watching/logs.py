"""Configuration of the log: standard error, as ECS JSON or as text."""

import logging
import sys

from serving.watching.ecs import EcsFormatter

TEXT = "%(asctime)s %(levelname)s %(message)s"


def configure_log(form: str) -> None:
    """Send the log of this process to standard error.

    Args:
        form: ``ecs`` or ``text``, of the lines of the program; lines of requests are always ECS.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(EcsFormatter() if form == "ecs" else logging.Formatter(TEXT))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)


def write_lines(lines: bytes) -> None:
    """Write lines to standard error."""
    sys.stderr.buffer.write(lines)
    sys.stderr.buffer.flush()
