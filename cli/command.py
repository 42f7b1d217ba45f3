"""Command runner: argument parsing, logging, the JSON result line and exit codes of a command."""

import argparse
import json
import logging
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from cli.arguments import lake_of
from cli.command_log import JOBS, STREAMS, TEXT, command_formatter
from cli.ending import INTERRUPTED, Ending, ending_by, ending_with
from cli.run_record import record_run, start_of
from lakehouse import interruption
from lakehouse.context import Context
from lakehouse.ecs import EcsFormatter
from lakehouse.errors import ShopcastError
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


@dataclass(frozen=True)
class Job:
    """One command.

    Attributes:
        name: name of the command, the field ``job`` of the result line.
        summary: description in ``--help``.
        add_arguments: declares the command line on a parser.
        run: does the work; returns the fields of the result line.
        program: command line that starts the command; empty: ``python -m jobs.<name>``.
        is_recorded: whether each run is recorded in gold.job_runs; False: the command only reads.
    """

    name: str
    summary: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[Context, argparse.Namespace], Mapping[str, Any]]
    program: str = ""
    is_recorded: bool = True

    @property
    def service(self) -> str:
        """The service that the command's log lines belong to."""
        return STREAMS if self.program.startswith("python -m streaming") else JOBS

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


def start_logging(formatter: logging.Formatter = TEXT) -> None:
    """Send log messages to standard error, so that standard output holds only the result line."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.captureWarnings(isinstance(formatter, EcsFormatter))
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
        ending = ending_with(job.run(context, arguments))
    except (Exception, KeyboardInterrupt) as error:
        ending = ending_by(error)
        log_end(job, error, ending)
    return ending.exit_code, dict(ending.fields)


def log_end(job: Job, error: BaseException, ending: Ending) -> None:
    """Log why a command ended before its work was done.

    The log holds a traceback only for a defect of the program.
    """
    if ending.fields["status"] == INTERRUPTED:
        interruption.speak_again()
        progress("Interrupted. Every table is as its last commit left it; run the command again.")
    elif isinstance(error, ShopcastError):
        logger.error("%s", error, extra={"refusal": error})
    else:
        logger.error("%s failed", job.name, exc_info=error)


def as_recorded(job: Job) -> Job:
    """Return a command that records each run in gold.job_runs of the lake that ``--lake`` names."""

    def run(context: Context, arguments: argparse.Namespace) -> Mapping[str, Any]:
        takes_lake = "lake" in vars(arguments)
        if not (job.is_recorded and takes_lake and (arguments.lake or context.settings.lake_root)):
            return job.run(context, arguments)
        started = start_of(context, job.name, vars(arguments))
        return record_run(lake_of(context, arguments), started, lambda: job.run(context, arguments))

    return replace(job, run=run)


def read_settings(parser: argparse.ArgumentParser) -> JobSettings:
    """Read the settings of the environment; a wrong value ends the process as wrong use does."""
    try:
        return JobSettings()
    except ValidationError as error:
        wrong = error.errors()[0]
        name = str(wrong["loc"][0]).upper()
        parser.error(f"the variable {name}={wrong['input']}: {wrong['msg']}")


def main(job: Job, argv: Sequence[str] | None = None) -> int:
    """Run a command from a command line, and print the result line.

    Returns:
        The exit code.
    """
    parser = job.parser()
    arguments, settings = parser.parse_args(argv), read_settings(parser)
    start_logging(command_formatter(settings.log_format, job.name, job.service))
    interruption.listen()
    started, context = time.monotonic(), Context(settings, job.name)
    code, fields = outcome(as_recorded(job), context, arguments)
    report({"job": job.name, **fields, "seconds": round(time.monotonic() - started, 1)})
    if fields["status"] == INTERRUPTED:
        context.close()
    return code
