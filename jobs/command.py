"""The frame of every batch step: arguments, settings, progress, a result line, exit codes."""

import argparse
import json
import logging
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from math import isfinite
from typing import TYPE_CHECKING, Any

from jobs import interruption
from lakehouse.errors import RefusedError, ShopcastError, UsageError
from lakehouse.lake import Lake
from lakehouse.settings import JobSettings
from lakehouse.storage import is_s3

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

EXIT_CODES = """exit codes:
  0  done
  1  failed: a defect of the program or of the machine
  2  wrong use: the command line or a setting
  3  refused: data or state not fit; the message says why and what to do
130  interrupted by Ctrl-C: run the command again
143  ended by SIGTERM: run the command again
"""

logger = logging.getLogger("shopcast")


class FoundError(RefusedError):
    """Something is not as it must be; how much of it is in the figures of the result line."""

    def __init__(self, message: str, figures: Mapping[str, Any]) -> None:
        super().__init__(message)
        self.figures = figures


@dataclass(frozen=True)
class Context:
    """What a step may use besides its arguments."""

    settings: JobSettings
    name: str
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    @cached_property
    def spark(self) -> "SparkSession":
        """The Spark session, started when first asked for."""
        from lakehouse.session import build_session

        progress("starting Spark")
        with interruption.while_spark_starts():
            return build_session(self.settings, self.name)

    def close(self) -> None:
        """End what an interrupted step leaves running."""
        if "spark" in vars(self):
            interruption.end_spark(self.spark)


@dataclass(frozen=True)
class Job:
    """One batch step: its name, its arguments and what it does.

    ``run`` returns the figures of the result line. ``program`` is how it is started; empty:
    ``python -m jobs.<name>``.
    """

    name: str
    summary: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[Context, argparse.Namespace], Mapping[str, Any]]
    program: str = ""

    def parser(self) -> argparse.ArgumentParser:
        """Build the command-line parser of this step."""
        parser = argparse.ArgumentParser(
            prog=self.program or f"python -m jobs.{self.name}",
            description=self.summary,
            epilog=EXIT_CODES,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        self.add_arguments(parser)
        return parser


def add_lake_argument(parser: argparse.ArgumentParser) -> None:
    """Declare ``--lake``, which falls back to the setting LAKE_ROOT."""
    parser.add_argument(
        "--lake",
        metavar="URI",
        help="where the tables live: a folder, file://, s3a:// or abfss:// (default: LAKE_ROOT)",
    )


def lake_of(context: Context, arguments: argparse.Namespace) -> Lake:
    """Return the lake named on the command line or by LAKE_ROOT.

    Raises:
        UsageError: neither names one.
        RefusedError: several writers of it would not be safe, or its store does not answer.
    """
    root = arguments.lake or context.settings.lake_root
    if not root:
        raise UsageError("No lake is named: pass --lake URI or set LAKE_ROOT.")
    lake = Lake.at(root)
    require_safe_commits(lake, context.settings)
    lake.require_store()
    return lake


def require_safe_commits(lake: Lake, settings: JobSettings) -> None:
    """Check that two processes that write a lake in S3 are kept apart.

    Every commit is a write that S3 refuses where the version exists already (ADR 10).

    Raises:
        RefusedError: the environment turns that off, or trusts a lock that nobody takes.
    """
    if not is_s3(lake.root):
        return
    remedy = "unset it: S3's conditional writes keep commits apart (docs/adr/0010)"
    if (settings.aws_conditional_put or "").lower() == "disabled":
        raise RefusedError(
            f"{lake.root}: with AWS_CONDITIONAL_PUT=disabled two writers overwrite each other's "
            f"commits; {remedy}."
        )
    if settings.aws_s3_locking_provider:
        raise RefusedError(
            f"{lake.root}: AWS_S3_LOCKING_PROVIDER={settings.aws_s3_locking_provider} names a lock "
            f"that commits no longer take, so that a writer that trusts it is not safe; {remedy}."
        )


def progress(message: str, *values: object) -> None:
    """Tell a person at the terminal what happens now."""
    logger.info(message, *values)


def start_logging() -> None:
    """Send progress to standard error, so that standard output holds the result alone."""
    logging.basicConfig(
        level=logging.WARNING,
        format="%(asctime)s %(message)s",
        datefmt="%H:%M:%S",
        stream=sys.stderr,
    )
    logger.setLevel(logging.INFO)
    for chatty in ("XGBoost-PySpark", "xgboost", "mlflow", "alembic"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def report(result: Mapping[str, Any]) -> None:
    """Print the JSON result line."""
    text = json.dumps(finite(result), default=str, ensure_ascii=False, allow_nan=False)
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def finite(value: object) -> object:
    """Replace numbers that JSON does not have, NaN and infinities, by null."""
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, Mapping):
        return {name: finite(each) for name, each in value.items()}
    return [finite(each) for each in value] if isinstance(value, list | tuple) else value


def outcome(
    job: Job, context: Context, arguments: argparse.Namespace
) -> tuple[int, dict[str, Any]]:
    """Run a step and turn what came of it into an exit code and the fields of a result line."""
    try:
        return 0, {"status": "done", **job.run(context, arguments)}
    except (Exception, KeyboardInterrupt) as error:
        if interruption.asked_for.is_set() or isinstance(error, KeyboardInterrupt):
            return interrupted()
        return failure(job, error)


def interrupted() -> tuple[int, dict[str, Any]]:
    """Say that a signal ended a step, and what that leaves."""
    interruption.speak_again()
    progress("Interrupted. Every table is as its last commit left it; run the command again.")
    return interruption.exit_code(), {"status": "interrupted"}


def failure(job: Job, error: Exception) -> tuple[int, dict[str, Any]]:
    """Say why a step ended; of a defect of the program with its traceback."""
    if not isinstance(error, ShopcastError):
        logger.error("%s failed", job.name, exc_info=error)
        return 1, {"status": "failed", "error": f"{type(error).__name__}: {last_line(error)}"}
    progress("%s", error)
    status = "wrong use" if isinstance(error, UsageError) else "refused"
    figures = error.figures if isinstance(error, FoundError) else {}
    return error.exit_code, {"status": status, "error": str(error), **figures}


def last_line(error: Exception) -> str:
    """Return the last line of an error's message, which of a worker's traceback is the cause."""
    return str(error).strip().rpartition("\n")[2]


def main(job: Job, argv: Sequence[str] | None = None) -> int:
    """Run a step from a command line.

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
