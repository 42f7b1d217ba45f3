"""Panel rows to learn from or to forecast, and the arguments of the jobs that learn."""

import argparse
from collections.abc import Iterable
from datetime import date

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from features.feature_set import SPINES, FeatureSet, panel_table
from lakehouse.delta import log, rows
from lakehouse.errors import RefusedError
from lakehouse.lake import Lake
from lakehouse.lake_months import read_months
from lakehouse.month_range import MonthRange


def add_training_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what every job that trains takes."""
    parser.add_argument(
        "--spine", choices=SPINES, default=SPINES[0], help="panel to learn from and score on"
    )
    parser.add_argument(
        "--workers", type=int, metavar="N", help="tasks that train together (default: every core)"
    )


def closed_months(lake: Lake) -> MonthRange:
    """Return the closed months of a lake.

    Raises:
        RefusedError: none was closed yet.
    """
    months = read_months(lake)
    if months.cutoff is None:
        raise RefusedError(
            f"{lake.root}: no month is closed; run jobs.close_month when one is complete."
        )
    return MonthRange(months.range.first, months.cutoff)


def panel_rows(
    spark: SparkSession, lake: Lake, features: FeatureSet, spine: str, months: Iterable[date]
) -> DataFrame:
    """Read the panel of some months.

    Returns:
        The columns of ``panel_table``.

    Raises:
        RefusedError: a month was not assembled.
    """
    table = panel_table(features, spine)
    asked = list(months)
    absent = sorted(set(asked) - set(log.month_files(lake, table)))
    if absent:
        raise RefusedError(
            f"{table.path} lacks {', '.join(f'{month:%Y-%m}' for month in absent)}; "
            f"run jobs.build_panel --spine {spine}."
        )
    return rows.read(spark, lake, table).where(F.col("month").isin(asked))
