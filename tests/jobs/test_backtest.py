"""A backtest on a small lake: its scores equal a loop's, at every horizon, in every segment."""

import csv
from collections import defaultdict
from collections.abc import Callable
from datetime import date
from math import sqrt
from pathlib import Path
from typing import Any

import pytest
from job_runs import run
from learning_lakes import SMALL, learning_lake

from features.feature_set import TARGET, feature_set, panel_table
from ingestion.lake_months import closed_months
from jobs import backtest
from lakehouse.context import Context
from lakehouse.delta import log
from lakehouse.delta.arrow import read_table
from lakehouse.lake import Lake
from lakehouse.month_range import plus_months
from lakehouse.profile.stored import stored_profile
from lakehouse.settings import JobSettings
from lakehouse.tables.gold import BACKTESTS
from modelling.backtest.plan import Plan
from modelling.promotion.comparison import Comparison, PromotionSpec
from modelling.registry.recipe import Recipe

pytestmark = [
    pytest.mark.slow,
    pytest.mark.usefixtures("spark"),
    # MLflow's own imports and its client of SQLAlchemy warn; nothing of ours does.
    pytest.mark.filterwarnings("default"),
]
Row = dict[str, Any]
OTHER = "sales_elsewhere.csv"
NEWEST = date(2015, 6, 1)
# One pair three times, so that it is clipped; a sale of another month; a doubled line.
ELSEWHERE = """date,shop_id,item_id,item_price,item_cnt_day
03.06.2015,1,10,9.5,15
04.06.2015,1,10,9.5,7
05.06.2015,2,11,9.5,2
05.06.2015,2,11,9.5,2
03.05.2015,2,12,9.5,9
"""
SOLD_ELSEWHERE = {("1", "10"): 20.0, ("2", "11"): 2.0}
NAIVE: dict[str, Callable[[Row], float]] = {
    "zero": lambda row: 0.0,  # noqa: ARG005
    "last_month": lambda row: row["shop_item_target_lag_1"] or 0.0,
    "mean_of_3": lambda row: sum(row[f"shop_item_target_lag_{i}"] or 0.0 for i in (1, 2, 3)) / 3,
}
WHERE: dict[str, Callable[[Row], str]] = {
    "all": lambda row: "all",  # noqa: ARG005
    "shop": lambda row: str(row["shop_id"]),
    "category": lambda row: str(row["category_id"]),
    "item": lambda row: "new" if (row["item_sales_age_all"] or 0) <= 1 else "selling",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, spark: object) -> Path:  # noqa: ARG001
    """A lake that was backtested at two horizons, against other files too."""
    made = tmp_path_factory.mktemp("backtest")
    learning_lake(made / "lake", "1,2")
    (made / "elsewhere").mkdir()
    (made / "elsewhere" / OTHER).write_text(ELSEWHERE)
    code, figures = backtested(made)
    assert code == 0, figures
    return made


def backtested(folder: Path, *others: object) -> tuple[int, Row]:
    asked = ("--folds", 2, "--horizons", "1,2", "--estimators", "profile")
    against = ("--score-against", folder / "elsewhere", "--report", folder / "report.html")
    return run(backtest.JOB, "--lake", folder / "lake", *asked, *against, *others)


def scores(folder: Path) -> list[Row]:
    found: list[Row] = read_table(Lake.at(str(folder / "lake")), BACKTESTS).to_pylist()
    return found


def panel(folder: Path, horizon: int, month: date) -> list[Row]:
    lake = Lake.at(str(folder / "lake"))
    table = panel_table(feature_set(stored_profile(lake)), "assortment", horizon)
    rows: list[Row] = read_table(lake, table, filters=[("month", "=", month)]).to_pylist()
    return rows


def naive(rows: list[Row], model: str, target: Callable[[Row], float]) -> dict[Any, list[float]]:
    """Errors by segment and value."""
    wrong: dict[Any, list[float]] = defaultdict(list)
    for row in rows:
        for segment, where in WHERE.items():
            wrong[segment, where(row)].append(NAIVE[model](row) - target(row))
    return wrong


def assert_equal_a_loop(folder: Path, actuals: str, target: Callable[[Row], float]) -> int:
    """Compare the scores of naive forecasts; returns how many were compared."""
    compared = 0
    mine = [s for s in scores(folder) if s["actuals"] == actuals and s["model"] in NAIVE]
    for score in (s for s in mine if s["segment"] in WHERE):
        rows = panel(folder, score["horizon"], score["month"])
        wrong = naive(rows, score["model"], target)[score["segment"], score["value"]]
        assert score["rows"] == len(wrong)
        assert score["mae"] == pytest.approx(sum(map(abs, wrong)) / len(wrong), abs=1e-6)
        assert score["bias"] == pytest.approx(sum(wrong) / len(wrong), abs=1e-6)
        assert score["rmse"] == pytest.approx(
            sqrt(sum(e * e for e in wrong) / len(wrong)), abs=1e-6
        )
        compared += 1
    return compared


def test_scores_equal_a_loop_over_the_panel(folder: Path) -> None:
    assert assert_equal_a_loop(folder, "lake", lambda row: float(row[TARGET])) > 100


def test_scores_against_other_files_equal_a_loop_over_their_lines(folder: Path) -> None:
    def sold(row: Row) -> float:
        return SOLD_ELSEWHERE.get((row["shop_id"], row["item_id"]), 0.0)

    assert assert_equal_a_loop(folder, OTHER, sold) > 20
    assert {s["month"] for s in scores(folder) if s["actuals"] == OTHER} == {NEWEST}


def test_every_model_is_scored_on_the_same_rows_of_every_fold(folder: Path) -> None:
    rows: dict[Any, dict[str, int]] = defaultdict(dict)
    for s in scores(folder):
        place = tuple(s[name] for name in ("horizon", "month", "actuals", "segment", "value"))
        rows[place][s["model"]] = s["rows"]
        assert s["cutoff"] == plus_months(s["month"], -s["horizon"])
    assert {place[0] for place in rows} == {1, 2}
    assert all(len(set(models.values())) == 1 for models in rows.values())
    models = {place[0]: set(found) for place, found in rows.items() if place[3] == "all"}
    learned_or_naive = {"xgboost", "last_month", "mean_of_3", "zero"}
    assert models == {1: {*learned_or_naive, "same_month_last_year"}, 2: learned_or_naive}


def test_the_report_is_kept_in_the_lake_and_where_it_was_asked_for(folder: Path) -> None:
    (kept,) = (folder / "lake" / "reports").glob("backtest-*.html")
    html = (folder / "report.html").read_text()
    assert html == kept.read_text()
    for part in ("1 month ahead", "2 months ahead", f"against {OTHER}", "What xgboost looks at"):
        assert part in html


def test_a_second_run_scores_nothing_again(folder: Path) -> None:
    before = log.version(Lake.at(str(folder / "lake")), BACKTESTS)
    (folder / "report.html").unlink()
    code, figures = backtested(folder)
    assert code == 0, figures
    assert log.version(Lake.at(str(folder / "lake")), BACKTESTS) == before
    assert (folder / "report.html").exists()
    assert set(figures["by_table"]) == {
        "horizon 1", f"horizon 1, against {OTHER}", "horizon 2", f"horizon 2, against {OTHER}",
    }  # fmt: skip


def test_files_without_the_scored_month_are_refused(folder: Path, tmp_path: Path) -> None:
    with (tmp_path / "sales.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["date", "shop_id", "item_id", "item_price", "item_cnt_day"])
        writer.writerow(["03.05.2015", 1, 10, 9.5, 1])
    code, figures = backtested(folder, "--score-against", tmp_path / "sales.csv")
    assert code == 3
    assert "no sale of 2015-06" in figures["error"]


def test_another_number_of_workers_is_another_backtest_and_another_contest(folder: Path) -> None:
    context, lake = Context(JobSettings(), "test"), Lake.at(str(folder / "lake"))
    profile = stored_profile(lake)
    recipe = Recipe("xgboost", SMALL.model_dump(mode="json"), ("near",), "assortment", 1)

    def inputs(*workers: object) -> tuple[str, str]:
        asked = backtest.JOB.parser().parse_args(["--folds", "2", *map(str, workers)])
        spec = PromotionSpec(2, asked.workers, (1,))
        comparison = Comparison(context, lake, profile, closed_months(lake), spec)
        plan = Plan.of(context, lake, profile, backtest.backtest_spec(asked))
        return plan.inputs, comparison.inputs(recipe)

    by_workers = [inputs(*given) for given in ((), ("--workers", 1), ("--workers", 2))]
    for digests in zip(*by_workers, strict=True):
        assert len(set(digests)) == 3
    assert inputs("--workers", 2) == by_workers[2]
