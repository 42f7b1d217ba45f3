"""Backtest scores in gold.backtests: read and append."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

import pyarrow as pa

from lakehouse.context import Context
from lakehouse.delta.arrow import append_rows, read_table
from lakehouse.delta.creation import has_declared_columns, make_table
from lakehouse.delta.log import exists, version
from lakehouse.lake import Lake
from lakehouse.progress import progress
from lakehouse.tables.gold import BACKTESTS
from modelling.evaluation.score import FoldScore

FOLDS = 6
# A second family that learns in another way: rows on which both families fail are hard to forecast.
SECOND = "random_forest"


@dataclass(frozen=True)
class BacktestRun:
    """The fields that all scores of a run have in common.

    Attributes:
        run: name of the run; names sort by time.
        spine: spine of the panel.
        inputs: digest of everything that determines the scores.
    """

    run: str
    spine: str
    inputs: str


def run_name(context: Context) -> str:
    """Name a run by the job's time, UTC, such as 20261126T024300Z; names sort by time."""
    return f"{context.now:%Y%m%dT%H%M%SZ}"


@dataclass(frozen=True)
class StoredBacktest:
    """A run of gold.backtests.

    Attributes:
        run: the fields that all scores have in common.
        scores: the scores of all folds.
    """

    run: BacktestRun
    scores: list[FoldScore]


def stored_backtest(lake: Lake, inputs: str) -> StoredBacktest | None:
    """Find the newest backtest with the same input digest in gold.backtests.

    Returns:
        The backtest; None: no such backtest, the table has an older form, or an RMSE is not finite:
        older programs stored such scores.
    """
    if not exists(lake, BACKTESTS) or not has_declared_columns(lake, BACKTESTS):
        return None
    rows = read_table(lake, BACKTESTS, filters=[("inputs", "=", inputs)]).to_pylist()
    runs = {row["run"]: BacktestRun(row["run"], row["spine"], inputs) for row in rows}
    if not runs:
        return None
    newest = runs[max(runs)]
    names = list(FoldScore.__dataclass_fields__)
    scores = [FoldScore(**{n: row[n] for n in names}) for row in rows if row["run"] == newest.run]
    is_finite = all(isfinite(score.rmse) for score in scores)
    return StoredBacktest(newest, scores) if is_finite else None


def store(lake: Lake, run: BacktestRun, scores: Sequence[FoldScore]) -> StoredBacktest:
    """Append the scores of a run to gold.backtests."""
    rows = [{**vars(score), **vars(run)} for score in scores]
    make_room(lake)
    append_rows(lake, BACKTESTS, pa.Table.from_pylist(rows, BACKTESTS.schema))
    return StoredBacktest(run, list(scores))


def make_room(lake: Lake) -> None:
    """Empty gold.backtests if the table has an older form.

    Delta keeps the scores in the previous version of the table for a while.
    """
    if exists(lake, BACKTESTS) and not has_declared_columns(lake, BACKTESTS):
        progress("backtest: scores of an older form are in version %d", version(lake, BACKTESTS))
        make_table(lake, BACKTESTS, is_emptied=True)
