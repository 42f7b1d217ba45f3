"""A month without sales has no panel rows, and nobody takes it for one that was not assembled."""

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from builders import profile
from job_runs import NOW, run
from learning_lakes import HISTORY, SMALL
from small_lakes import assemble_panels, day_of, no_spark, random_sales, small_lake

from feature_store.build import Build
from feature_store.panel.checks import require_fit_panel
from feature_store.panel.rows import PanelRows
from features.feature_set import feature_set
from features.groups import feature_groups
from features.tables import monthly_table
from ingestion import lake_months
from ingestion.lake_months import close, read_months, reopen
from ingestion.sales.span import extend_months
from jobs import backtest, build_panel, forecast, maintain, promote, train
from lakehouse.delta import listing
from lakehouse.delta.arrow import read_table
from lakehouse.errors import RefusedError
from lakehouse.lake import Lake
from lakehouse.month_range import MonthRange, plus_months
from lakehouse.profile.stored import stored_profile
from lakehouse.tables.silver import DAILY_SALES
from modelling.evaluation.folds import rolling_folds

pytestmark = pytest.mark.slow

# Nobody sold in these: one among the months to learn from, one that a fold would score.
SHUT = (date(2014, 8, 1), date(2015, 4, 1))


def lake_with_gaps(folder: Path, shut: Sequence[date]) -> Lake:
    meaning = profile().model_copy(update={"model": SMALL})
    sold = [s for s in random_sales(3, 900, HISTORY) if day_of(s).replace(day=1) not in shut]
    return small_lake(folder, sold, meaning, months=HISTORY)


def panel_of(lake: Lake, spine: str, months: Sequence[date]) -> PanelRows:
    return PanelRows(lake, feature_set(stored_profile(lake)), spine, tuple(months))


@pytest.mark.parametrize(
    ("spine", "later"), [("assortment", 1), pytest.param("grid", 0, marks=pytest.mark.slow)]
)
def test_a_panel_with_a_month_without_rows_is_fit_and_the_month_is_named(
    tmp_path: Path, spine: str, later: int
) -> None:
    lake = lake_with_gaps(tmp_path / "lake", SHUT)
    figures = run(build_panel.JOB, "--lake", lake.root, "--spine", spine)[1]
    empty = [plus_months(month, later) for month in SHUT]
    panel = panel_of(lake, spine, list(HISTORY)[3:-1])
    named = {panel.table.path: [f"{m:%Y-%m}" for m in empty if m in panel.months]}
    assert {path: months[-2:] for path, months in figures["months_without_rows"].items()} == named
    require_fit_panel(panel)
    assert panel.empty_months() == empty
    assert {month for month, files in panel.files().items() if not files} == set(empty)
    with pytest.raises(RefusedError, match=r"has no row in 2014-0[89]: there were no sales"):
        require_fit_panel(panel.of(empty[:1]))


def test_a_fold_scores_no_month_without_rows_and_learns_from_one_with_rows() -> None:
    closed = MonthRange(date(2015, 1, 1), date(2015, 6, 1))
    empty = [date(2015, 1, 1), date(2015, 2, 1), date(2015, 5, 1)]
    folds = rolling_folds(closed, 0, 9, 1, empty)
    assert [fold.month for fold in folds] == [date(2015, 4, 1), date(2015, 6, 1)]
    with pytest.raises(RefusedError, match="needs 2 with panel rows"):
        rolling_folds(closed, 0, 9, 1, list(closed))


@pytest.mark.slow
def test_months_that_a_lake_no_longer_has_leave_cells_features_and_panel(tmp_path: Path) -> None:
    lake = lake_with_gaps(tmp_path / "lake", ())
    assemble_panels(lake)
    panel = panel_of(lake, "assortment", ()).table
    before = listing.month_rows(lake, panel)
    close(lake, HISTORY.last, NOW)
    for _ in range(2):
        Build.of(lake, no_spark).run()
        assemble_panels(lake)
    after = plus_months(HISTORY.last, 1)
    assert after in listing.month_rows(lake, panel)
    reopen(lake, HISTORY.last)
    Build.of(lake, no_spark).run()
    assemble_panels(lake)
    assert listing.month_rows(lake, panel) == before
    assert after not in panel_of(lake, "assortment", [after]).empty_months()
    close(lake, HISTORY.last, NOW)
    Build.of(lake, no_spark).run()
    assemble_panels(lake)
    assert after in listing.month_rows(lake, panel), "a month that comes back is built again"


@pytest.mark.slow
def test_an_erased_sale_takes_its_months_with_it_and_no_cell_of_it_stays(tmp_path: Path) -> None:
    stray = {**random_sales(1, 1)[0], "date": "03.02.2016"}
    lake = small_lake(tmp_path / "lake", [*random_sales(3, 60), stray])
    extend_months(lake, NOW)
    before = read_months(lake).range
    future = date(2016, 2, 1)
    lake_months.upsert_months(
        lake, [*lake_months.closed_rows(MonthRange(before.last, future), NOW, is_last_open=True)]
    )
    assert read_months(lake).open_month == future
    Build.of(lake, no_spark).run()
    cells = monthly_table(feature_groups(stored_profile(lake))[0])
    assert future in listing.month_rows(lake, cells)
    (sale,) = read_table(lake, DAILY_SALES, ["sale_id"], [("month", "=", future)])["sale_id"]
    (ids := tmp_path / "ids.txt").write_text(f"{sale}\n")
    assert run(maintain.JOB, "--lake", lake.root, "--erase-sales", ids, "--yes")[0] == 0
    months = read_months(lake).range
    assert (months.first, months.last < date(2015, 9, 1)) == (before.first, True)
    Build.of(lake, no_spark).run()
    assert set(listing.month_rows(lake, cells)) <= set(months)


@pytest.mark.slow
@pytest.mark.usefixtures("spark")
# MLflow's own imports and its client of SQLAlchemy warn; nothing of ours does.
@pytest.mark.filterwarnings("default")
def test_models_learn_from_the_other_months_and_an_empty_assortment_is_refused_with_its_reason(
    tmp_path: Path,
) -> None:
    lake = lake_with_gaps(tmp_path / "lake", (*SHUT, HISTORY.last))
    now = NOW

    def step(job: Any, *arguments: object) -> tuple[int, dict[str, Any]]:
        nonlocal now
        now += timedelta(seconds=1)
        return run(job, "--lake", lake.root, *arguments, now=now)

    assemble_panels(lake)
    for job, arguments in (
        (backtest.JOB, ("--folds", 2, "--estimators", "profile")),
        (train.JOB, ()),
        (promote.JOB, ("--force", "--reason", "a small lake", "--folds", 1)),
        (forecast.JOB, ()),
    ):
        code, figures = step(job, *arguments)
        assert code == 0, figures
    close(lake, HISTORY.last, NOW)
    assert run(build_panel.JOB, "--lake", lake.root)[0] == 0
    code, figures = step(forecast.JOB)
    assert code == 3
    assert "no shop sold in 2015-07, so the assortment of 2015-08 is empty" in figures["error"]
    assert "jobs.close_month --reopen 2015-07" in figures["error"]
