"""Every step on sample data, in order: what changed is redone, and equals a rebuild."""

import csv
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from job_runs import NOW, run
from served import served_snapshot

from feature_store.panel.all_tables import all_tables
from features.feature_set import SPINES, feature_set, panel_table
from features.tables import features_table, monthly_table
from jobs import (
    build_features,
    build_panel,
    close_month,
    forecast,
    ingest_history,
    maintain,
    make_sample,
    pipeline,
    train,
)
from lakehouse.delta import listing, log
from lakehouse.delta.arrow import read_table
from lakehouse.lake import Lake
from lakehouse.profile.stored import stored_profile
from lakehouse.table import Table
from lakehouse.tables.gold import BACKTESTS, FORECAST_VERSIONS, FORECASTS
from lakehouse.tables.runs import JOB_RUNS

pytestmark = [
    pytest.mark.slow,
    pytest.mark.usefixtures("spark"),
    # MLflow's own imports and its client of SQLAlchemy warn; nothing of ours does.
    pytest.mark.filterwarnings("default"),
]
FOLDS = 2
LATE = "date,date_block_num,shop_id,item_id,item_price,item_cnt_day\n03.03.2015,0,{},{},9.5,7.0\n"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, spark: object) -> Path:  # noqa: ARG001
    """A folder with sample data and the lake that a pipeline made of it."""
    folder = tmp_path_factory.mktemp("steps")
    run(make_sample.JOB, "--out", folder / "data")
    code, figures = through(folder)
    assert (code, figures["status"]) == (0, "done"), figures
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """A copy of it, for a test that changes it."""
    shutil.copytree(made, tmp_path / "copy")
    return tmp_path / "copy"


def through(folder: Path) -> tuple[int, dict[str, Any]]:
    data, lake = folder / "data", folder / "lake"
    return run(pipeline.JOB, "--lake", lake, "--data", data, "--folds", FOLDS)


def derived(lake: Lake) -> list[Table]:
    features = feature_set(stored_profile(lake))
    groups = [table(g) for g in features.groups for table in (monthly_table, features_table)]
    return [*groups, panel_table(features, SPINES[0])]


def content(lake: Lake, table: Table) -> pa.Table:
    """All rows of a table in the order of its key."""
    return read_table(lake, table).sort_by([(name, "ascending") for name in table.key])


def contents(lake: Lake) -> dict[str, pa.Table]:
    return {table.path: content(lake, table) for table in derived(lake)}


def assert_equals_a_rebuild(lake: Lake) -> None:
    kept = contents(lake)
    run(build_features.JOB, "--lake", lake.root, "--rebuild")
    run(build_panel.JOB, "--lake", lake.root, "--rebuild")
    for path, rebuilt in contents(lake).items():
        assert kept[path].equals(rebuilt), f"{path} differs from its rebuild"


def sell_late(folder: Path) -> None:
    """Add a file with one sale of a month long closed."""
    with (folder / "data" / "sales_train.csv").open() as lines:
        line = next(row for row in csv.DictReader(lines) if row["shop_id"] and row["item_id"])
    late = LATE.format(line["shop_id"], line["item_id"])
    (folder / "data" / "sales_late.csv").write_text(late)


def test_a_second_run_changes_nothing(made: Path) -> None:
    lake = Lake.at(str(made / "lake"))
    # A run of a command is recorded, whatever it did.
    written = [t for t in all_tables(stored_profile(lake)) if t != JOB_RUNS]
    tables = [table for table in written if log.exists(lake, table)]
    before = {table.path: log.version(lake, table) for table in tables}
    code, figures = through(made)
    assert code == 0
    assert figures["train"]["trained"] is False
    assert figures["promote"]["horizons"][1]["decision"] == "up to date"
    assert figures["forecast"]["published"] is False
    assert {table.path: log.version(lake, table) for table in tables} == before


def test_the_pipeline_scores_every_model_on_the_same_rows(made: Path) -> None:
    _, figures = through(made)
    scores = figures["backtest"]["overall"]
    assert set(scores) == {"xgboost", "last_month", "mean_of_3", "same_month_last_year", "zero"}
    assert len({score["rows"] for score in scores.values()}) == 1


def test_promoting_takes_the_scores_of_the_backtest(made: Path) -> None:
    runs = read_table(Lake.at(str(made / "lake")), BACKTESTS, ["run"])["run"]
    assert len(set(runs.to_pylist())) == 1, "no fold was learned twice"


def test_a_late_sale_redoes_its_month_and_equals_a_rebuild(folder: Path) -> None:
    lake = Lake.at(str(folder / "lake"))
    sell_late(folder)
    code, figures = run(
        ingest_history.JOB, "--lake", lake.root, "--data", folder / "data", "--profile", "sample"
    )
    assert (code, figures["live"]) == (0, 1)
    before = {m: d for m, d in listing.month_digests(lake, derived(lake)[0]).items()}
    run(build_features.JOB, "--lake", lake.root)
    after = listing.month_digests(lake, derived(lake)[0])
    assert [f"{month:%Y-%m}" for month in after if after[month] != before[month]] == ["2015-03"]
    run(build_panel.JOB, "--lake", lake.root)
    assert_equals_a_rebuild(lake)


def test_a_month_that_is_added_equals_a_rebuild(folder: Path) -> None:
    lake = Lake.at(str(folder / "lake"))
    empty = ("--month", "2015-11", "--even-if-incomplete")
    assert run(close_month.JOB, "--lake", lake.root, *empty)[0] == 0
    assert run(build_features.JOB, "--lake", lake.root)[0] == 0
    assert run(build_panel.JOB, "--lake", lake.root)[0] == 0
    assert_equals_a_rebuild(lake)


def test_months_built_one_by_one_equal_a_rebuild(folder: Path) -> None:
    lake = Lake.at(str(folder / "lake"))
    kept = contents(lake)
    for month in ("2015-06", "2015-07", "2015-11"):
        only = ["--lake", lake.root, "--from", month, "--through", month, "--rebuild"]
        assert run(build_features.JOB, *only)[0] == 0
        assert run(build_panel.JOB, *only)[0] == 0
    assert all(kept[path].equals(found) for path, found in contents(lake).items())


def test_maintenance_changes_no_row(folder: Path) -> None:
    lake = Lake.at(str(folder / "lake"))
    before = contents(lake)
    code, figures = run(maintain.JOB, "--lake", lake.root, "--retain-hours", 0, "--files", 1)
    assert code == 0
    assert figures["files_joined"] > 0
    assert figures["files_removed"] > 0
    assert all(before[path].equals(found) for path, found in contents(lake).items())


def listed(folder: Path, lake: Lake, header: str = "ID,shop_id,item_id") -> Path:
    """Write a list of three pairs that are forecast and one that nobody knows."""
    known = read_table(lake, FORECASTS, ["shop_id", "item_id"]).slice(0, 3).to_pylist()
    asked = [*((row["shop_id"], row["item_id"]) for row in known), ("nowhere", "nothing")]
    pairs = folder / "pairs.csv"
    numbered = (f"{10 - i},{shop},{item}" for i, (shop, item) in enumerate(asked))
    pairs.write_text("\n".join([header, *numbered]) + "\n")
    return pairs


def test_given_pairs_are_submitted_in_the_order_of_their_id_and_served_to_nobody(
    folder: Path,
) -> None:
    lake = Lake.at(str(folder / "lake"))
    tables = (FORECASTS, FORECAST_VERSIONS)
    before, served = [log.version(lake, table) for table in tables], served_snapshot(lake)
    out = folder / "submission.csv"
    given = ["--lake", lake.root, "--pairs", listed(folder, lake), "--submission", out]
    code, figures = run(forecast.JOB, *given, now=NOW + timedelta(seconds=1))
    assert (code, figures["rows"], figures["published"]) == (0, 3, False), figures
    assert "version" not in figures
    assert figures["unknown"] == {"pairs": 1, "shop_id": ["nowhere"], "item_id": ["nothing"]}
    lines = out.read_text().splitlines()
    assert lines[0] == "ID,item_cnt_month"
    assert [line.split(",")[0] for line in lines[1:]] == ["7", "8", "9", "10"]
    assert all(0 <= float(line.split(",")[1]) <= 20 for line in lines[1:])
    assert float(lines[-4].split(",")[1]) == 0, "the unknown pair's"
    assert [log.version(lake, table) for table in tables] == before
    assert served_snapshot(lake).version == served.version


def test_given_pairs_are_served_where_that_is_asked_for_until_the_next_forecast(
    folder: Path,
) -> None:
    lake = Lake.at(str(folder / "lake"))
    out = folder / "submission.csv"
    given = ["--lake", lake.root, "--pairs", listed(folder, lake), "--publish"]
    code, figures = run(forecast.JOB, *given, "--submission", out, now=NOW + timedelta(seconds=1))
    assert (code, figures["rows"], figures["published"]) == (0, 3, True), figures
    served = served_snapshot(lake).version
    assert (served.version, served.rows) == (figures["version"], 3)
    assert len(out.read_text().splitlines()) == 5
    assert len(read_table(lake, FORECASTS, ["rung"], [("item_id", "=", "nothing")])) == 0
    republished = run(forecast.JOB, "--lake", lake.root, now=NOW + timedelta(seconds=2))[1]
    assert republished["published"] is True, "a list of pairs does not stand in for the assortment"
    assert served_snapshot(lake).version.version == republished["version"]


@pytest.mark.parametrize(
    ("header", "sentence"),
    [
        ("number,shop_id,item_id", "no column ID, which a submission needs"),
        ("shop_id,item_id,ID", "ID 'nothing' is not a whole number"),
    ],
)
def test_pairs_without_an_id_are_refused_before_they_are_served(
    folder: Path, header: str, sentence: str
) -> None:
    lake = Lake.at(str(folder / "lake"))
    pairs = listed(folder, lake, header)
    given = ["--lake", lake.root, "--pairs", pairs, "--publish", "--submission", folder / "x.csv"]
    served = served_snapshot(lake).version
    code, figures = run(forecast.JOB, *given, now=NOW + timedelta(seconds=1))
    assert code == 3
    assert f"{pairs}: {sentence}" in figures["error"]
    assert served_snapshot(lake).version == served


@pytest.mark.parametrize(
    ("job", "arguments", "code"),
    [
        (train.JOB, ["--workers", 99], 2),
        (train.JOB, ["--spine", "grid"], 3),
        (forecast.JOB, ["--submission", "x.csv"], 2),
        (forecast.JOB, ["--pairs", "x.csv"], 2),
        (forecast.JOB, ["--pairs", "x.csv", "--submission", "y.csv", "--horizons", "1,2"], 2),
        (forecast.JOB, ["--pairs", "no_such.csv", "--submission", "y.csv"], 3),
        (build_features.JOB, ["--from", "1999-01"], 2),
    ],
)
def test_what_cannot_be_done_is_refused(
    made: Path, job: Any, arguments: list[object], code: int
) -> None:
    found, figures = run(job, "--lake", made / "lake", *arguments)
    assert found == code, figures
