"""Scores are kept with a run, found again by their inputs, and make room for a newer form."""

from dataclasses import asdict, replace
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa

from jobs.backtest import tables
from lakehouse.context import Context
from lakehouse.delta.arrow import append_rows
from lakehouse.lake import Lake
from lakehouse.settings import JobSettings
from lakehouse.tables.gold import BACKTESTS
from modelling.backtest.scores import BacktestRun, StoredBacktest, run_name, store, stored_backtest
from modelling.evaluation.score import FoldScore


def score(**others: Any) -> FoldScore:
    month = date(2015, 9, 1)
    where = {"segment": "all", "value": "all", "model": "zero", "cutoff": month, "month": month}
    errors = dict.fromkeys(("volume", "rmse", "mae", "bias", "wape"), 1.0)
    return FoldScore(**{**where, **errors, "rows": 3, "horizon": 1, **others})


def found(lake: Lake) -> StoredBacktest:
    backtest = stored_backtest(lake, "same")
    assert backtest is not None
    return backtest


def at(second: int, inputs: str = "same") -> BacktestRun:
    context = Context(JobSettings(), "backtest", datetime(2020, 1, 1, 0, 0, second, tzinfo=UTC))
    return BacktestRun(run_name(context), "assortment", inputs)


def test_the_newest_run_of_the_same_inputs_is_found(lake: Lake) -> None:
    assert stored_backtest(lake, "same") is None
    for second, inputs, rmse in ((1, "same", 1.0), (2, "same", 2.0), (3, "others", 3.0)):
        store(lake, at(second, inputs), [score(rmse=rmse)])
    assert [score.rmse for score in found(lake).scores] == [2.0]


def test_scores_of_an_older_form_make_room(lake: Lake) -> None:
    older = replace(BACKTESTS, columns=BACKTESTS.columns[:9], key=("run",))
    row = {**asdict(score()), "run": "1", "spine": "grid", "actuals": "lake"}
    kept = {name: row[name] for name in older.names}
    append_rows(lake, older, pa.Table.from_pylist([kept], older.schema))
    assert stored_backtest(lake, "same") is None
    store(lake, at(1), [score()])
    assert (found(lake).run.spine, len(found(lake).scores)) == ("assortment", 1)


def test_each_horizon_and_source_of_actuals_is_a_table(lake: Lake) -> None:
    scores = store(
        lake, at(1),
        [score(horizon=2), score(actuals="sales.csv"), score(), score(horizon=2, model="x")],
    ).scores  # fmt: skip
    assert [(title, len(mine)) for title, mine in tables(scores)] == [
        ("horizon 1", 1),
        ("horizon 1, against sales.csv", 1),
        ("horizon 2", 2),
    ]
