"""What is stored against a rebuild: every planted defect is found, counted and forbids training."""

import random
import shutil
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from builders import data_folder, every_feature, sale_line, sales_text
from job_runs import NOW, run
from meanings import UNCLIPPED

from feature_store import planning
from feature_store.skew import plan
from feature_store.skew.results import SkewRow, read_unresolved, require_no_skew
from feature_store.skew.sample import Draw
from features import series
from features.groups import feature_groups
from features.tables import features_table, monthly_table
from jobs import build_features, ingest_history, train
from jobs.check_skew import JOB
from lakehouse.buckets import Bucket
from lakehouse.delta import log, work
from lakehouse.delta.arrow import append_rows, read_table
from lakehouse.delta.months import BuiltMonths, replace_months
from lakehouse.delta.parts import TableRows, write_files
from lakehouse.errors import RefusedError
from lakehouse.lake import Lake
from lakehouse.profile.stored import stored_profile
from lakehouse.table import Table
from lakehouse.tables.gold import FEATURE_SKEW

GROUPS = {group.name: group for group in feature_groups(UNCLIPPED)}
ITEM_CELLS, ITEM_FEATURES = monthly_table(GROUPS["item"]), features_table(GROUPS["item"])
PAIR_FEATURES = features_table(GROUPS["shop_item"])
MAY, JULY = date(2014, 5, 1), date(2014, 7, 1)
LATER = NOW + timedelta(hours=1)
Defect = Callable[[pa.Table], pa.Table]

pytestmark = pytest.mark.usefixtures("spark")


def sales(seed: int, months: int = 9) -> str:
    """Sales of three shops and a dozen items, a day on offer among them."""
    drawn = random.Random(seed)
    lines = [
        sale_line(
            date=f"{drawn.randint(1, 28):02}.{month:02}.2014",
            shop_id=drawn.randint(1, 3),
            item_id=drawn.randint(10, 21),
            item_price=drawn.choice(("9.5", "120")),
            item_cnt_day=drawn.choice(("1.0", "3.0", "-1.0", "0")),
        )
        for month in range(1, months + 1)
        for _ in range(30)
    ]
    return sales_text(*lines)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, spark: object) -> Path:  # noqa: ARG001
    """A folder with a lake whose cells and features are built."""
    folder = tmp_path_factory.mktemp("skew")
    data = data_folder(folder / "data", sales_a=sales(1))
    code, _ = run(
        ingest_history.JOB,
        *("--data", data, "--profile", every_feature(folder), "--lake", folder / "lake"),
    )
    assert code == 0
    assert run(build_features.JOB, "--lake", folder / "lake")[0] == 0
    return folder


@pytest.fixture
def lake(made: Path, tmp_path: Path) -> Lake:
    """A copy of it, for a test that changes it."""
    shutil.copytree(made / "lake", tmp_path / "copy")
    return Lake.at(str(tmp_path / "copy"))


def check(lake: Lake, *arguments: object, **when: Any) -> tuple[int, dict[str, Any]]:
    return run(JOB, "--lake", lake.root, *(arguments or ("--all",)), **when)


def rebuild(lake: Lake, *arguments: object) -> None:
    assert run(build_features.JOB, "--lake", lake.root, "--rebuild", *arguments)[0] == 0


def plant(lake: Lake, table: Table, month: date, defect: Defect) -> None:
    """Change the rows of a stored month, as a build that goes wrong would."""
    rows = read_table(lake, table, filters=[("month", "=", month)])
    parts = write_files(lake, TableRows(table, defect(rows)))
    replace_months(lake, table, BuiltMonths([month]), parts)


def another(column: str) -> Defect:
    """Another value in the last row."""

    def defect(rows: pa.Table) -> pa.Table:
        values = rows[column].to_pylist()
        changed = pa.array([*values[:-1], (values[-1] or 0) + 1], rows.schema.field(column).type)
        return rows.set_column(rows.column_names.index(column), rows.schema.field(column), changed)

    return defect


def unknown(column: str) -> Defect:
    """Null in the place of the first value that is known."""

    def defect(rows: pa.Table) -> pa.Table:
        place = pc.index(pc.is_valid(rows[column]), True).as_py()
        values = rows[column].to_pylist()
        values[place] = None
        field = rows.schema.field(column)
        return rows.set_column(rows.column_names.index(column), field, pa.array(values, field.type))

    return defect


def renamed(rows: pa.Table) -> pa.Table:
    """Another key in the first row: one is missing, one too many."""
    ids = ["none such", *rows["item_id"].to_pylist()[1:]]
    at = rows.column_names.index("item_id")
    return rows.set_column(at, rows.schema.field("item_id"), pa.array(ids))


DEFECTS: dict[str, tuple[Table, Defect, dict[str, int]]] = {
    "a wrong feature": (ITEM_FEATURES, another("item_target_lag_1"), {"mismatched": 1}),
    "a feature of a pair": (PAIR_FEATURES, another("shop_item_units_mean_12"), {"mismatched": 1}),
    "an unknown feature": (ITEM_FEATURES, unknown("item_target_mean_3"), {"mismatched": 1}),
    "a missing row": (ITEM_FEATURES, lambda rows: rows.slice(1), {"missing": 1}),
    "a row too many": (
        ITEM_FEATURES,
        lambda rows: pa.concat_tables([rows, renamed(rows).slice(0, 1)]),
        {"extra": 1},
    ),
    "a double row": (
        ITEM_FEATURES,
        lambda rows: pa.concat_tables([rows, rows.slice(2, 1)]),
        {"extra": 1},
    ),
    "another key": (ITEM_FEATURES, renamed, {"missing": 1, "extra": 1}),
    "no rows": (ITEM_FEATURES, lambda rows: rows.slice(len(rows)), {"missing": 12}),
    "a wrong cell": (ITEM_CELLS, another("revenue"), {"mismatched": 1}),
    "a missing cell": (ITEM_CELLS, lambda rows: rows.slice(1), {"missing": 1}),
    "a cell too many": (
        ITEM_CELLS,
        lambda rows: pa.concat_tables([rows, renamed(rows).slice(0, 1)]),
        {"extra": 1},
    ),
}


def test_a_lake_as_it_was_built_is_clean_and_every_column_is_compared(lake: Lake) -> None:
    code, figures = check(lake)
    assert (code, figures["status"], figures["stale_months"]) == (0, "done", 0)
    assert [figures[name] for name in ("mismatched", "missing", "extra")] == [0, 0, 0]
    assert (figures["worst"], log.version(lake, FEATURE_SKEW)) == ({}, 1)
    rows = read_table(lake, FEATURE_SKEW).to_pylist()
    compared = {(row["table"], row["column"]): row["compared"] for row in rows}
    for group in feature_groups(stored_profile(lake)):
        for table in (monthly_table(group), features_table(group)):
            for column in set(table.names) - set(table.key):
                assert compared.pop((table.path, column)) == log.row_count(lake, table) > 0
    assert compared == {}
    require_no_skew(lake)


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=pytest.mark.slow if i else ()) for i, n in enumerate(DEFECTS)],
)
def test_a_planted_defect_is_found_counted_and_refused(name: str, lake: Lake) -> None:
    table, defect, wanted = DEFECTS[name]
    plant(lake, table, MAY, defect)
    code, figures = check(lake)
    assert (code, figures["status"]) == (3, "refused")
    none = {"mismatched": 0, "missing": 0, "extra": 0}
    assert {name: figures[name] for name in none} == {**none, **wanted}
    rows = read_table(lake, FEATURE_SKEW).to_pylist()
    wrong = [row for row in rows if row["mismatched"] or row["missing"] or row["extra"]]
    assert {row["table"] for row in wrong} == {table.path}
    columns = 1 if "mismatched" in wanted else len(set(table.names) - set(table.key))
    assert len(wrong) == columns
    assert all(f"{MAY:%Y-%m}" in row["example"] for row in wrong)
    assert len(figures["worst"]) == min(columns, 10)
    with pytest.raises(RefusedError, match=r"run jobs\.build_features --rebuild"):
        require_no_skew(lake)


@pytest.mark.slow
def test_the_example_names_the_key_and_both_values(lake: Lake) -> None:
    plant(lake, ITEM_CELLS, MAY, another("sales"))
    right = read_table(lake, ITEM_CELLS, ["item_id", "sales"], [("month", "=", MAY)]).to_pylist()
    item, wrong = right[-1]["item_id"], right[-1]["sales"]
    wanted = f"item_id {item}: 2014-05 is {wrong} and should be {wrong - 1}"
    assert check(lake)[1]["examples"] == [wanted]


@pytest.mark.slow
def test_training_is_refused_until_everything_is_rebuilt(lake: Lake) -> None:
    plant(lake, ITEM_FEATURES, MAY, another("item_target_lag_1"))
    assert check(lake)[0] == 3
    code, figures = run(train.JOB, "--lake", lake.root)
    assert (code, figures["status"]) == (3, "refused")
    assert "item_target_lag_1" in figures["error"]
    assert "run jobs.build_features --rebuild" in figures["error"]
    run(build_features.JOB, "--lake", lake.root)
    rebuild(lake, "--from", "2014-06")
    assert "item_target_lag_1" in run(train.JOB, "--lake", lake.root)[1]["error"]
    rebuild(lake)
    assert "panel" in run(train.JOB, "--lake", lake.root)[1]["error"], "what training lacks next"
    assert check(lake, now=LATER)[0] == 0


@pytest.mark.slow
def test_features_built_from_wrong_cells_are_wrong_too(lake: Lake) -> None:
    plant(lake, ITEM_CELLS, MAY, another("target"))
    code, figures = check(lake)
    assert (code, list(figures["worst"])) == (3, ["silver/monthly_item.target"])
    assert figures["stale_months"] == 6, (
        "cells by age from May on, features after it wait for a build"
    )
    assert run(build_features.JOB, "--lake", lake.root)[0] == 0
    code, figures = check(lake, now=LATER)
    assert (code, figures["stale_months"]) == (3, 0)
    assert {"silver/monthly_item.target", "gold/features_item.item_target_lag_1"} <= set(
        figures["worst"]
    )
    rebuild(lake)
    assert check(lake, now=LATER + timedelta(hours=1))[0] == 0


@pytest.mark.slow
def test_months_that_a_build_is_due_for_are_not_skew(lake: Lake, tmp_path: Path) -> None:
    late = data_folder(tmp_path / "late", sales_late=sales_text(sale_line(date="08.07.2014")))
    given = ("--data", late, "--profile", every_feature(tmp_path))
    run(ingest_history.JOB, *given, "--lake", lake.root)
    code, figures = check(lake)
    assert (code, figures["stale_months"]) == (0, 4), "July's cells, features from August on"
    months = {row["table"]: row["months"] for row in read_table(lake, FEATURE_SKEW).to_pylist()}
    assert (months[ITEM_CELLS.path], months[ITEM_FEATURES.path]) == (8, 6)
    plant(lake, ITEM_FEATURES, JULY, another("item_target_lag_1"))
    assert check(lake)[0] == 3, "what is not stale is compared all the same"
    rebuild(lake)
    assert check(lake, now=LATER)[1]["stale_months"] == 0


def test_a_lake_that_was_never_built_has_nothing_to_compare(lake: Lake) -> None:
    for layer in ("gold", "silver"):
        for folder in (Path(lake.root.removeprefix("file://")) / layer).iterdir():
            if folder.name.startswith(("features_", "monthly_")):
                shutil.rmtree(folder)
    code, figures = check(lake, "--sample", 1)
    assert (code, figures["compared"], figures["stale_months"]) == (0, 0, 10)


@pytest.mark.slow
def test_a_sample_is_the_same_each_time_and_some_seed_finds_the_defect(lake: Lake) -> None:
    plant(lake, PAIR_FEATURES, MAY, another("shop_item_target_lag_1"))
    every = check(lake)[1]["compared"]
    found = [check(lake, "--sample", 5, "--seed", seed) for seed in range(8)]
    assert check(lake, "--sample", 5, "--seed", 3) == found[3]
    assert {code for code, _ in found} == {0, 3}
    assert all(0 < figures["compared"] < every for _, figures in found)


def test_a_bucket_is_drawn_that_has_keys(lake: Lake) -> None:
    shops = GROUPS["shop"]
    drawn = {Draw(1, seed).of(lake, shops) for seed in range(8)}
    texts = {row["shop_id"] for row in read_table(lake, features_table(shops)).to_pylist()}
    table = pa.table({"shop_id": sorted(texts)})
    assert Bucket() not in drawn
    assert all(len(bucket.keep(table, "shop_id")) for bucket in drawn)
    assert Draw(len(texts)).of(lake, shops) == Draw(None).of(lake, shops) == Bucket()


@pytest.mark.slow
def test_workers_and_many_small_pieces_find_the_same(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(lake, PAIR_FEATURES, MAY, renamed)
    plant(lake, ITEM_CELLS, JULY, another("units"))
    here = check(lake)
    monkeypatch.setattr(work, "FEW_ROWS", 0)
    monkeypatch.setattr(plan, "ROWS_PER_BUCKET", 50)
    monkeypatch.setattr(planning, "ROWS_PER_BUCKET", 100)
    monkeypatch.setattr(planning, "ROWS_PER_MONTH", 10)
    monkeypatch.setattr(series, "ARRAY_BYTES", 1)
    there = check(lake)
    assert there[0] == here[0] == 3
    assert len(there[1].pop("examples")) == len(here[1].pop("examples")), "which ones may differ"
    assert there == here


@pytest.mark.parametrize(
    "arguments", [("--sample", 0), ("--seed", -1)], ids=["no keys", "a negative seed"]
)
def test_what_cannot_be_drawn_is_wrong_use(lake: Lake, arguments: tuple[object, ...]) -> None:
    assert check(lake, *arguments)[0] == 2


def found(hours: int, draw: str, **row: Any) -> dict[str, Any]:
    """A row of gold.feature_skew of so many hours later."""
    clean = {"months": 3, "stale_months": 0, "missing": 0, "extra": 0, "mismatched": 0}
    at = {"checked_at": NOW + timedelta(hours=hours), "draw": draw, "table": "t"}
    fixed = {"group": "g", "column": "c", "compared": 9, "example": None, "inputs": "{}"}
    return {**at, **fixed, **clean, "rebuilt_at": None, **row}


@pytest.mark.parametrize(
    ("later", "stands"),
    [
        ({"draw": "seed 0"}, False),
        ({"draw": "all"}, False),
        ({"draw": "seed 1"}, True),
        ({"draw": "all", "table": "another"}, True),
        ({"draw": "all", "stale_months": 1}, True),
        ({"draw": "all", "months": 0}, True),
        ({"draw": "all", "hours": -1}, True),
    ],
)
def test_skew_stands_until_a_complete_check_of_the_same_keys(
    later: dict[str, Any], stands: bool, tmp_path: Path
) -> None:
    def stand(*rows: dict[str, Any]) -> list[SkewRow]:
        lake = Lake.at(str(tmp_path / str(len(rows))))
        for row in rows:
            append_rows(lake, FEATURE_SKEW, pa.Table.from_pylist([row], FEATURE_SKEW.schema))
        return read_unresolved(lake)

    skew = found(0, "seed 0", mismatched=1)
    row = found(**{"hours": 1, **later})
    assert stand(skew, row) == ([SkewRow(**skew)] if stands else [])
    assert stand({**skew, "rebuilt_at": LATER}) == []
