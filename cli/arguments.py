"""Command-line arguments shared by several commands, with their parsers."""

import argparse
from datetime import date, datetime
from functools import cache

from features.feature_set import SPINES
from features.horizon import LONGEST
from lakehouse.context import Context
from lakehouse.errors import RefusedError, UsageError
from lakehouse.lake import Lake
from lakehouse.month_range import MonthRange
from lakehouse.settings import JobSettings
from lakehouse.storage import is_s3
from modelling.tuning.trials import PROFILE, TUNED


def add_lake_argument(parser: argparse.ArgumentParser) -> None:
    """Declare ``--lake``, which falls back to the setting LAKE_ROOT."""
    parser.add_argument(
        "--lake",
        metavar="URI",
        help="folder or URI of the tables: file://, s3a:// or abfss:// (default: LAKE_ROOT)",
    )


def lake_of(context: Context, arguments: argparse.Namespace) -> Lake:
    """Return the lake that ``--lake`` or LAKE_ROOT names, a place of the run's executors.

    Raises:
        UsageError: neither ``--lake`` nor LAKE_ROOT is set.
        RefusedError: the settings make concurrent commits to the lake unsafe, or the lake's object
            store does not answer.
    """
    root = arguments.lake or context.settings.lake_root
    if not root:
        raise UsageError("No lake is named: pass --lake URI or set LAKE_ROOT.")
    lake = Lake.at(root)
    require_safe_commits(lake, context.settings)
    require_store(lake)
    context.places.add(lake.root)
    return lake


@cache
def require_store(lake: Lake) -> None:
    """Check once per process that a lake's object store answers.

    Raises:
        LakeError: the store does not answer; the next call asks again.
    """
    lake.require_store()


def require_safe_commits(lake: Lake, settings: JobSettings) -> None:
    """Check that two processes cannot overwrite each other's commits to a lake in S3.

    Each commit is a conditional write, which S3 refuses if the version exists already (ADR 10).
    Lakes outside S3 pass.

    Raises:
        RefusedError: the environment disables conditional writes, or names a lock provider whose
            lock commits do not take; unset the variable.
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


def count(text: str) -> int:
    """Parse a whole number of at least 1.

    Raises:
        ArgumentTypeError: the text is something else.
    """
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"'{text}' is not a positive whole number")
    return int(text)


def add_folds_argument(parser: argparse.ArgumentParser, default: int, what: str) -> None:
    """Declare ``--folds``; ``what`` is the help text."""
    parser.add_argument(
        "--folds", type=count, default=default, metavar="N", help=f"{what} (default: {default})"
    )


def add_workers_argument(parser: argparse.ArgumentParser) -> None:
    """Declare ``--workers``.

    The upper bound, Spark's task slots, is checked later, when Spark runs.
    """
    parser.add_argument(
        "--workers",
        type=count,
        metavar="N",
        help="number of tasks that train one model together; another number makes another model "
        "(default: all cores)",
    )


def horizons(text: str) -> tuple[int, ...]:
    """Parse horizons, in months, written as 1,2,3; sort them and drop repeated ones.

    Raises:
        ArgumentTypeError: an entry is not a whole number from 1 to ``LONGEST``.
    """
    try:
        found = tuple(sorted({int(part) for part in text.split(",")}))
    except ValueError:
        found = ()
    if not found or found[0] < 1 or found[-1] > LONGEST:
        raise argparse.ArgumentTypeError(
            f"'{text}' are not horizons; write whole months from 1 to {LONGEST}, such as 1,2,3"
        )
    return found


def add_horizons_argument(parser: argparse.ArgumentParser) -> None:
    """Declare ``--horizons``: a sorted tuple of distinct months."""
    parser.add_argument(
        "--horizons",
        type=horizons,
        default=(1,),
        metavar="H,…",
        help="months from the cutoff to the target month, such as 1,2,3 (default: 1)",
    )


def written(horizons: tuple[int, ...]) -> str:
    """Write horizons as ``--horizons`` accepts them: 1,2,3."""
    return ",".join(map(str, horizons))


def month(text: str) -> date:
    """Parse a month written as YYYY-MM; return the first day of the month.

    Raises:
        ArgumentTypeError: the text has another form.
    """
    try:
        return datetime.strptime(text, "%Y-%m").date()
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a month; write YYYY-MM") from None


def add_month_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare ``--from`` and ``--through``."""
    parser.add_argument(
        "--from", dest="first", type=month, metavar="YYYY-MM", help="first month (default: all)"
    )
    parser.add_argument(
        "--through", dest="last", type=month, metavar="YYYY-MM", help="last month (default: all)"
    )


def asked(arguments: argparse.Namespace, possible: MonthRange) -> MonthRange:
    """Return the months from ``--from`` to ``--through``; a missing end is that of ``possible``.

    Raises:
        UsageError: a month is outside ``possible``, or ``--through`` is before ``--from``.
    """
    first, last = arguments.first or possible.first, arguments.last or possible.last
    if first not in possible or last not in possible or last < first:
        raise UsageError(
            f"--from {first:%Y-%m} --through {last:%Y-%m}: the lake has "
            f"{possible.first:%Y-%m} to {possible.last:%Y-%m}; name months in that range, in order."
        )
    return MonthRange(first, last)


def add_source_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare ``--data`` and ``--profile``."""
    parser.add_argument(
        "--data", metavar="DIR", required=True, help="folder or URI of the sales files and lists"
    )
    parser.add_argument(
        "--profile",
        metavar="NAME",
        required=True,
        help="what the files mean: a shipped profile (1c, m5, sample) or a path ending in .toml",
    )


def add_training_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare ``--spine`` and ``--workers``, which every command that trains models takes."""
    parser.add_argument(
        "--spine",
        choices=SPINES,
        default=SPINES[0],
        help="rows to train and score on: assortment, the pairs that a retailer asks for, or grid, "
        f"all shops × items that sold in the month (default: {SPINES[0]})",
    )
    add_workers_argument(parser)


def add_estimator_argument(parser: argparse.ArgumentParser) -> None:
    """Declare ``--estimator``, the family of models to train."""
    parser.add_argument(
        "--estimator",
        metavar="NAME",
        help="family of models: xgboost, random_forest, bagged_boosting, or your own as "
        "package.module:Factory (default: the profile's)",
    )


def add_parameters_argument(parser: argparse.ArgumentParser) -> None:
    """Declare ``--parameters``."""
    parser.add_argument(
        "--parameters",
        choices=(TUNED, PROFILE),
        default=TUNED,
        help="tuned: the best parameters that jobs.tune found, or the profile's if jobs.tune found "
        f"none; profile: the profile's (default: {TUNED})",
    )
