"""Command runner: argument parsing, logging, the JSON result line and exit codes of a command."""

import argparse
import json
import logging
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lakehouse import interruption
from lakehouse.context import Context
from lakehouse.errors import RefusedError, ShopcastError, UsageError
from lakehouse.finite import finite
from lakehouse.progress import logger, progress
from lakehouse.settings import JobSettings

EXIT_CODES = """exit codes:
  0  done
  1  failed: a defect of the program or of the machine
  2  wrong use: the command line or a setting
  3  refused: data or state not fit; the message says why and what to do
130  interrupted by Ctrl-C: run the command again
143  ended by SIGTERM: run the command again
"""


class FoundError(RefusedError):
    """A check found a fault; ``figures``, added to the result line, give the extent."""

    def __init__(self, message: str, figures: Mapping[str, Any]) -> None:
        super().__init__(message)
        self.figures = figures


@dataclass(frozen=True)
class Job:
    """One command.

    Attributes:
        name: name of the command, the field ``job`` of the result line.
        summary: description in ``--help``.
        add_arguments: declares the command line on a parser.
        run: does the work; returns the fields of the result line.
        program: command line that starts the command; empty: ``python -m jobs.<name>``.
    """

    name: str
    summary: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[Context, argparse.Namespace], Mapping[str, Any]]
    program: str = ""

    def parser(self) -> argparse.ArgumentParser:
        """Build the command-line parser of this command."""
        parser = argparse.ArgumentParser(
            prog=self.program or f"python -m jobs.{self.name}",
            description=self.summary,
            epilog=EXIT_CODES,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        self.add_arguments(parser)
        return parser


def start_logging() -> None:
    """Send log messages to standard error, so that standard output holds only the result line."""
    logging.basicConfig(
        level=logging.WARNING,
        format="%(asctime)s %(message)s",
        datefmt="%H:%M:%S",
        stream=sys.stderr,
    )
    logger.setLevel(logging.INFO)
    # MLflow sets its loggers up when it is imported, by this variable.
    os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")
    for chatty in ("XGBoost-PySpark", "xgboost", "mlflow", "alembic"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def report(result: Mapping[str, Any]) -> None:
    """Print a result as one line of JSON on standard output."""
    text = json.dumps(finite(result), default=str, ensure_ascii=False, allow_nan=False)
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def outcome(
    job: Job, context: Context, arguments: argparse.Namespace
) -> tuple[int, dict[str, Any]]:
    """Run a command; return the exit code and the fields of the result line."""
    try:
        fields = {"status": "done", **job.run(context, arguments)}
        return exit_code(str(fields["status"])), fields
    except (Exception, KeyboardInterrupt) as error:
        if interruption.asked_for.is_set() or isinstance(error, KeyboardInterrupt):
            return interrupted()
        return failure(job, error)


def exit_code(status: str) -> int:
    """Return the exit code of a command that reports its own status: a part of the work failed."""
    return {"interrupted": interruption.exit_code(), "failed": 1}.get(status, 0)


def interrupted() -> tuple[int, dict[str, Any]]:
    """Log that a signal ended the command; return the exit code and the result fields."""
    interruption.speak_again()
    progress("Interrupted. Every table is as its last commit left it; run the command again.")
    return interruption.exit_code(), {"status": "interrupted"}


def failure(job: Job, error: Exception) -> tuple[int, dict[str, Any]]:
    """Log why a command failed; return the exit code and the result fields.

    The log holds a traceback only for a defect of the program, that is, for an exception other
    than ShopcastError.
    """
    if not isinstance(error, ShopcastError):
        logger.error("%s failed", job.name, exc_info=error)
        return 1, {"status": "failed", "error": f"{type(error).__name__}: {last_line(error)}"}
    progress("%s", error)
    status = "wrong use" if isinstance(error, UsageError) else "refused"
    figures = error.figures if isinstance(error, FoundError) else {}
    return error.exit_code, {"status": status, "error": str(error), **figures}


def last_line(error: Exception) -> str:
    """Return the last line of an error's message: in a Spark worker's traceback, the cause."""
    return str(error).strip().rpartition("\n")[2]


def main(job: Job, argv: Sequence[str] | None = None) -> int:
    """Run a command from a command line, and print the result line.

    Returns:
        The exit code.
    """
    arguments = job.parser().parse_args(argv)
    start_logging()
    interruption.listen()
    started, context = time.monotonic(), Context(JobSettings(), job.name)
    code, fields = outcome(job, context, arguments)
    report({"job": job.name, **fields, "seconds": round(time.monotonic() - started, 1)})
    if fields["status"] == "interrupted":
        context.close()
    return code
