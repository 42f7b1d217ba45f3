"""Backtest scores in gold.backtests: read and append."""

from collections.abc import Iterable, Mapping
from math import isfinite
from typing import Any

import pyarrow as pa

from lakehouse.context import Context
from lakehouse.delta.arrow import append_rows, read_table
from lakehouse.delta.creation import has_declared_columns, make_table
from lakehouse.delta.log import exists, version
from lakehouse.lake import Lake
from lakehouse.progress import progress
from lakehouse.tables.gold import BACKTESTS
from modelling.backtest.rolling import LAKE, Row

FOLDS = 6


# A second family that learns in another way: rows on which both families fail are hard to forecast.
SECOND = "random_forest"


def run_name(context: Context) -> str:
    """Name a run by the job's time, UTC, such as 20261126T024300Z; names sort by time."""
    return f"{context.now:%Y%m%dT%H%M%SZ}"


def stored_scores(lake: Lake, inputs: str) -> list[Row]:
    """Return the scores of the newest backtest with the same input digest.

    The list is empty if no such backtest exists, the table has an older form, or an RMSE is not
    finite: older programs stored such scores.
    """
    if not exists(lake, BACKTESTS) or not has_declared_columns(lake, BACKTESTS):
        return []
    found = read_table(lake, BACKTESTS, filters=[("inputs", "=", inputs)]).to_pylist()
    newest = max((score["run"] for score in found), default=None)
    scores = [score for score in found if score["run"] == newest]
    return scores if all(isfinite(score["rmse"]) for score in scores) else []


def store(
    context: Context, lake: Lake, spine: str, inputs: str, scores: Iterable[Mapping[str, Any]]
) -> list[Row]:
    """Append scores to gold.backtests, and return the appended rows.

    Args:
        context: the job's context, whose time names the run.
        lake: the lake that has the table.
        spine: spine of the panel.
        inputs: digest of everything that determines the scores.
        scores: scores as ``rolling.roll`` returns.
    """
    common = {"run": run_name(context), "spine": spine, "inputs": inputs, "actuals": LAKE}
    rows = [{**common, **score} for score in scores]
    make_room(lake)
    append_rows(lake, BACKTESTS, pa.Table.from_pylist(rows, BACKTESTS.schema))
    return rows


def make_room(lake: Lake) -> None:
    """Empty gold.backtests if the table has an older form.

    Delta keeps the scores in the previous version of the table for a while.
    """
    if exists(lake, BACKTESTS) and not has_declared_columns(lake, BACKTESTS):
        progress("backtest: scores of an older form are in version %d", version(lake, BACKTESTS))
        make_table(lake, BACKTESTS, is_emptied=True)
