"""Peak memory of each kind of task, on a lake and on lakes of ten times the items or months.

    python -m benchmarks.memory

Reads nothing. Prints a row per task and lake: the number of pieces, and the highest peak of a piece
in MiB, Arrow's pool and NumPy's arrays added up. Pieces and row groups are smaller than in
production (``SIZES``), so that small lakes are split into as many pieces as large ones.
"""

import sys
import tempfile
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from feature_store import planning, stored_months
from feature_store.age_groups import sources_of_ages
from feature_store.build import Build
from feature_store.cells import GroupCellsTask, PairCellsTask
from feature_store.cells_by_age import AgedCellsTask
from feature_store.features import FeaturesTask
from feature_store.panel import assembly
from feature_store.panel.rows import PanelRows
from feature_store.panel.task import PanelTask
from feature_store.units import MonthUnit
from features import series
from features.attributes import Attributes
from features.feature_set import SPINES, feature_set
from features.groups import feature_groups, shop_item
from features.tables import monthly_table
from ingestion import lake_months
from lakehouse.delta import creation, files, work
from lakehouse.delta.parts import TableRows, commit_parts, write_files
from lakehouse.delta.upserts import upsert_rows
from lakehouse.delta.work import WorkUnit
from lakehouse.lake import Lake
from lakehouse.month_range import MonthRange, plus_months
from lakehouse.profile.features import Features
from lakehouse.profile.profile import load_profile
from lakehouse.profile.stored import claim_lake, stored_profile
from lakehouse.tables.silver import DAILY_OFFERS, DAILY_SALES, ITEMS, SHOPS

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# Limits of a piece in this benchmark, such that the first lake is about one piece of each kind.
SIZES: Sequence[tuple[ModuleType, str, int]] = (
    (planning, "ROWS_PER_BUCKET", 50_000),
    (planning, "SALES_PER_BUCKET", 50_000),
    (planning, "ROWS_PER_MONTH", 4_000),
    (assembly, "ROWS_PER_TASK", 40_000),
    (files, "ROWS_AT_ONCE", 4_000),
    (files, "ROW_GROUP", 4_000),
    (series, "ARRAY_BYTES", 40_000_000),
)
# Buffers that outlive a task are freed into their pool, which must then still be there.
POOLS: list[pa.MemoryPool] = []
Task = Callable[[Any], Iterator[TableRows]]
FIRST, NOW = date(1990, 1, 1), datetime(2026, 1, 1, tzinfo=UTC)
SHOP_COUNT = 30


@dataclass(frozen=True)
class Scale:
    """The size of a lake; in a month a shop sells about a tenth of the items, once or twice each.

    Attributes:
        name: name of the lake in the printed table.
        items: number of items.
        months: number of months.
    """

    name: str
    items: int
    months: int

    @property
    def history(self) -> MonthRange:
        """The lake's months."""
        return MonthRange(FIRST, plus_months(FIRST, self.months - 1))


SCALES = (
    Scale("once", 1_000, 12),
    Scale("items-10", 10_000, 12),
    Scale("months-10", 1_000, 120),
)


def month_sales(scale: Scale, month: date, random: np.random.Generator) -> pa.Table:
    """Draw random sales of a month, rows of silver.daily_sales."""
    count = SHOP_COUNT * scale.items // 8
    shops, items = random.integers(0, SHOP_COUNT, count), random.integers(0, scale.items, count)
    days = [month.replace(day=int(day)) for day in random.integers(1, 29, count)]
    made = {
        "sale_id": [f"{month}-{n}" for n in range(count)],
        "date": days,
        "month": [month] * count,
        "shop_id": [f"{shop}" for shop in shops],
        "item_id": [f"{item}" for item in items],
        "units": pa.array(random.integers(1, 5, count, np.int8)).cast(
            DAILY_SALES.schema.field("units").type
        ),
        "price": pa.array(random.integers(1, 50, count, np.int8)).cast(
            DAILY_SALES.schema.field("price").type
        ),
        "updated_at": [NOW] * count,
        "is_cancelled": [False] * count,
        "source": ["drawn"] * count,
        "partition": [0] * count,
        "offset": range(count),
        "ingested_at": [NOW] * count,
    }
    columns = [pa.array(made[f.name], f.type) for f in DAILY_SALES.schema]
    return pa.table(columns, schema=DAILY_SALES.schema)


def drawn_lake(folder: str, scale: Scale) -> Lake:
    """Create a lake of random sales with cells and features, in this process."""
    lake, random = Lake.at(folder), np.random.default_rng(1)
    claim_lake(lake, load_profile("sample").model_copy(update={"features": Features(without=[])}))
    for table in (DAILY_SALES, DAILY_OFFERS, SHOPS, ITEMS):
        creation.create_table(lake, table)
    items = [
        {"item_id": f"{n}", "category_id": f"{n % 40}", "attributes": [], "updated_at": NOW}
        for n in range(scale.items)
    ]
    upsert_rows(lake, ITEMS, pa.Table.from_pylist(items, ITEMS.schema))
    for month in scale.history:
        rows = TableRows(DAILY_SALES, month_sales(scale, month, random))
        commit_parts(lake, DAILY_SALES, write_files(lake, rows))
    lake_months.upsert_months(lake, lake_months.closed_rows(scale.history, NOW, is_last_open=True))
    Build.of(lake, no_spark).run()
    return lake


def no_spark() -> "SparkSession":
    """Refuse to start Spark, because this process must do all the work.

    Raises:
        AssertionError: always.
    """
    raise AssertionError("Spark was asked for")


def works(lake: Lake, scale: Scale) -> Iterator[tuple[str, Task, Sequence[WorkUnit]]]:
    """Yield each kind of task: name, task and pieces; for cells and panels, the last month's."""
    profile, last = stored_profile(lake), [scale.history.last]
    groups, features = feature_groups(profile), feature_set(profile)
    buckets, attributes = planning.item_buckets(lake), Attributes.of(profile)
    pair, below = groups[0], sources_of_ages(groups, shop_item(profile.target_clip))
    yield (
        "pair cells",
        PairCellsTask(lake, pair, buckets),
        [*planning.pair_units(lake, last, buckets)],
    )
    stored = stored_months.month_files(lake, monthly_table(pair))[last[0]]
    above = {monthly_table(pair).path: stored, **planning.catalogue_files(lake)}
    whole_month = MonthUnit(month=last[0], files=above, rows=0)
    yield "cells of groups", GroupCellsTask(lake, groups, attributes), [whole_month]
    aged = tuple(group for group in groups if group.name.endswith("_age"))
    of_ages = planning.aged_units(lake, scale.history, last, below)
    yield "cells by age", AgedCellsTask(lake, aged, below, attributes), [*of_ages]
    span = planning.FeatureSpan(pair, tuple(scale.history)[1:], scale.history)
    made = planning.feature_units(lake, span)
    yield "features of pairs", FeaturesTask(lake, groups, scale.history), [*made]
    panel = PanelRows(lake, features, SPINES[0], (last[0],))
    cut = assembly.panel_units(panel, lake_months.read_months(lake))
    yield "panel", PanelTask(panel), [*cut]


def peak_mib(task: Task, unit: WorkUnit) -> float:
    """Run a task on one unit, and return the peak memory in MiB."""
    usual = pa.default_memory_pool()
    mine = pa.proxy_memory_pool(usual)
    POOLS.append(mine)
    pa.set_memory_pool(mine)
    tracemalloc.start()
    try:
        for made in task(unit):
            del made
        return float(mine.max_memory() + tracemalloc.get_traced_memory()[1]) / 2**20
    finally:
        tracemalloc.stop()
        pa.set_memory_pool(usual)


def main() -> int:
    """Measure every task on every lake, and print the table in Markdown."""
    for module, name, rows in SIZES:
        setattr(module, name, rows)
    work.FEW_ROWS = 1 << 62
    out: Callable[[str], object] = sys.stdout.write
    out("| task | lake | pieces | peak of one, MiB |\n| --- | --- | ---: | ---: |\n")
    with tempfile.TemporaryDirectory() as folder:
        for scale in SCALES:
            lake = drawn_lake(str(Path(folder) / scale.name), scale)
            for name, task, cut in works(lake, scale):
                most = max(peak_mib(task, unit) for unit in cut)
                out(f"| {name} | {scale.name} | {len(cut)} | {most:.1f} |\n")
                sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
