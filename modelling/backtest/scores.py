"""Scores of backtests as gold.backtests keeps them."""

from collections.abc import Iterable, Mapping
from math import isfinite
from typing import Any

import pyarrow as pa

from lakehouse.context import Context
from lakehouse.delta.arrow import append_rows, read_table
from lakehouse.delta.log import exists, has_declared_columns, make, version
from lakehouse.lake import Lake
from lakehouse.progress import progress
from lakehouse.tables.gold import BACKTESTS
from modelling.backtest.rolling import LAKE, Row

FOLDS = 6


# Learns in another way, so that what both find hard is hard.
SECOND = "random_forest"


def run_name(context: Context) -> str:
    """Name a run by its time."""
    return f"{context.now:%Y%m%dT%H%M%SZ}"


def stored_scores(lake: Lake, inputs: str) -> list[Row]:
    """Return the scores of the newest backtest that was made from the same inputs.

    None where an error among them is not finite, as programs of before kept them.
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
    """Keep scores in the table.

    Args:
        context: of the job, whose time names the run.
        lake: where the table is.
        spine: of the panel.
        inputs: digest of everything that the scores depend on.
        scores: as ``rolling.roll`` returns them.
    """
    common = {"run": run_name(context), "spine": spine, "inputs": inputs, "actuals": LAKE}
    rows = [{**common, **score} for score in scores]
    make_room(lake)
    append_rows(lake, BACKTESTS, pa.Table.from_pylist(rows, BACKTESTS.schema))
    return rows


def make_room(lake: Lake) -> None:
    """Empty a table of scores in an older form; Delta's version before keeps them for a while."""
    if exists(lake, BACKTESTS) and not has_declared_columns(lake, BACKTESTS):
        progress("backtest: scores of an older form are in version %d", version(lake, BACKTESTS))
        make(lake, BACKTESTS, is_emptied=True)
