"""Tasks hold the rows of their own piece, however many a month or the lake's history has."""

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from builders import profile
from job_runs import run
from peaks import peak_bytes
from small_lakes import HISTORY, assemble_panels, listed, random_sales, small_lake

from feature_store import planning
from feature_store.build import Build
from feature_store.cells import PairCellsTask
from feature_store.features import FeaturesTask
from feature_store.panel import assembly
from feature_store.panel.rows import PanelRows
from feature_store.panel.task import PanelTask
from feature_store.stored_rows import bucket_rows
from features import series
from features.feature_set import SPINES, feature_set, panel_table
from features.groups import feature_groups
from features.tables import features_table, monthly_table
from ingestion.lake_months import read_months
from jobs import build_panel
from lakehouse.buckets import Bucket, count_for, split
from lakehouse.delta import files, log, work
from lakehouse.delta.arrow import read_table
from lakehouse.delta.parts import TableRows, write_files
from lakehouse.delta.work import WorkUnit
from lakehouse.lake import Lake
from lakehouse.month_range import MonthRange
from lakehouse.profile.profile import load_profile
from lakehouse.profile.stored import stored_profile
from lakehouse.table import Column, Table
from lakehouse.tables.silver import DAILY_SALES
from lakehouse.types import FEATURE, TEXT

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

NUMBERS = tuple(Column(f"n{n}", FEATURE, "a number", nullable=False) for n in range(20))
WIDE = Table(
    "gold",
    "wide",
    "Numbers of items.",
    (Column("item_id", TEXT, "item", False), *NUMBERS),
    ("item_id",),
)
PIECES = {
    (planning, "ROWS_PER_BUCKET"): 1_000,
    (planning, "SALES_PER_BUCKET"): 2_000,
    (planning, "ROWS_PER_MONTH"): 1_000,
    (assembly, "ROWS_PER_TASK"): 1_000,
    (files, "ROWS_AT_ONCE"): 500,
    (files, "ROW_GROUP"): 500,
    (series, "ARRAY_BYTES"): 500_000,
}
TABLES_OF_GROUP = (monthly_table, features_table)
MONTHS = MonthRange(date(2015, 1, 1), date(2015, 4, 1))
Task = Callable[[Any], Iterator[TableRows]]
Work = tuple[Task, Iterator[WorkUnit]]


def cut_small(patch: pytest.MonkeyPatch, by: int = 1) -> None:
    """Cut work into pieces of about a thousand rows, or of as many as a thousand is divided by."""
    for (module, name), rows in PIECES.items():
        patch.setattr(module, name, max(1, rows // by))


def wide_rows(rows: int) -> pa.Table:
    random = np.random.default_rng(1)
    texts = pa.array([str(n % (rows // 4)) for n in range(rows)])
    return pa.table(
        [texts, *(random.random(rows, np.float32) for _ in NUMBERS)], schema=WIDE.schema
    )


@pytest.mark.parametrize("is_labelled", [False, True], ids=["one file", "a file per bucket"])
def test_of_ten_times_the_rows_a_bucket_is_read_in_the_same_memory(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, is_labelled: bool
) -> None:
    monkeypatch.setattr(files, "ROWS_AT_ONCE", 2_000)
    monkeypatch.setattr(files, "ROW_GROUP", 2_000)

    def peak(rows: int) -> int:
        whole, count = wide_rows(rows), count_for(rows, 4_000)
        parts = split(whole, "item_id", count) if is_labelled else [(Bucket(), whole)]
        paths = [
            file.path
            for bucket, part in parts
            for file in write_files(lake, TableRows(WIDE, part, bucket.label))
        ]
        mine, names = (Bucket(0, count), "item_id"), WIDE.names
        wanted = mine[0].keep(whole, "item_id")
        found = bucket_rows(lake, WIDE, {WIDE.path: paths}, names, mine)
        assert sorted(found.column(1).to_pylist()) == sorted(wanted.column(1).to_pylist())
        return peak_bytes(lambda: bucket_rows(lake, WIDE, {WIDE.path: paths}, names, mine))

    few, many = peak(8_000), peak(128_000)
    assert many < 1.5 * few, (few, many)


def many_items(folder: Path, items: int) -> Lake:
    """Make a lake of so many items, ten sales each."""
    ids = tuple(str(n) for n in range(100, 100 + items))
    sales = [
        {**sale, "item_id": ids[n % items]}
        for n, sale in enumerate(random_sales(7, 10 * items, MONTHS))
    ]
    return small_lake(folder, sales, load_profile("sample"), listed(ids), MONTHS)


def in_small_row_groups(path: str) -> None:
    """Write a file again as a large one would be: delta-rs puts a million rows into a group."""
    with pq.ParquetFile(path) as file:
        rows = file.read()
    pq.write_table(rows, path, row_group_size=500)


def cells_work(lake: Lake) -> Work:
    buckets = planning.item_buckets(lake)
    for path in log.all_files(lake, DAILY_SALES):
        in_small_row_groups(f"{lake.uri(DAILY_SALES)}/{path}".removeprefix("file://"))
    task = PairCellsTask(lake, feature_groups(stored_profile(lake))[0], buckets)
    return task, planning.pair_units(lake, list(MONTHS), buckets)


def features_work(lake: Lake) -> Work:
    groups = feature_groups(stored_profile(lake))
    months = tuple(MONTHS)[1:]
    task = FeaturesTask(lake, groups, MONTHS)
    return task, planning.feature_units(lake, planning.FeatureSpan(groups[0], months, MONTHS))


def panel_work(lake: Lake) -> Work:
    features = feature_set(stored_profile(lake))
    panel = PanelRows(lake, features, SPINES[1], (MONTHS.last,))
    task = PanelTask(panel)
    return task, assembly.panel_units(panel, read_months(lake))


def heaviest(task: Task, cut: Iterator[WorkUnit]) -> tuple[int, int]:
    """The greatest peak of a piece, and how many pieces there are."""

    def work(unit: WorkUnit) -> None:
        for _ in task(unit):
            pass

    peaks = [peak_bytes(lambda unit=unit: work(unit)) for unit in cut]
    return max(peaks), len(peaks)


@pytest.fixture(scope="module")
def lakes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Lake, Lake]]:
    """A lake, and one of ten times its items and sales."""
    with pytest.MonkeyPatch.context() as patch:
        cut_small(patch)
        folder = tmp_path_factory.mktemp("items")
        yield many_items(folder / "few", 300), many_items(folder / "many", 3_000)


@pytest.mark.slow
@pytest.mark.parametrize("work", [cells_work, features_work, panel_work])
def test_ten_times_the_items_take_the_same_peak_per_piece(
    lakes: tuple[Lake, Lake], work: Any
) -> None:
    (few, fewer), (many, more) = (heaviest(*work(lake)) for lake in lakes)
    assert more >= 4 * fewer
    assert many < 1.5 * few, (few, many)


def everything(lake: Lake) -> dict[str, pa.Table]:
    """The rows of cells, features and panels, in order."""
    features = feature_set(stored_profile(lake))
    tables = [table(g) for g in features.groups for table in (monthly_table, features_table)]
    tables += [panel_table(features, spine) for spine in SPINES]
    return {
        table.path: read_table(lake, table).sort_by([(name, "ascending") for name in table.key])
        for table in tables
    }


@pytest.mark.slow
def test_small_pieces_make_the_rows_that_large_ones_make(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def made(name: str) -> dict[str, pa.Table]:
        lake = small_lake(tmp_path / name, random_sales(4, 300), profile())
        for spine in SPINES:
            assemble_panels(lake, spine=spine)
        return everything(lake)

    whole = made("whole")
    cut_small(monkeypatch, by=100)
    cut = made("cut")
    assert [path for path in whole if not cut[path].equals(whole[path])] == []
    assert HISTORY.last in whole["gold/panel"]["month"].to_pylist()


@pytest.mark.slow
def test_workers_make_the_rows_that_this_process_makes(
    tmp_path: Path, spark: "SparkSession", monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = small_lake(tmp_path / "lake", random_sales(4, 300), profile())
    for spine in SPINES:
        assemble_panels(lake, spine=spine)
    here = everything(lake)
    monkeypatch.setattr(work, "FEW_ROWS", 0)
    cut_small(monkeypatch, by=50)
    build = Build.of(lake, lambda: spark)
    build.rebuild = True
    build.run()
    for spine in SPINES:
        arguments = ("--lake", lake.root, "--spine", spine, "--rebuild")
        assert run(build_panel.JOB, *arguments)[0] == 0
    features = feature_set(stored_profile(lake))
    assert set(build.written) == {t(g).path for g in features.groups for t in TABLES_OF_GROUP}
    there = everything(lake)
    assert [path for path in here if not there[path].equals(here[path])] == []
