"""Of records, and of cells of items over the years, tasks hold what they were asked for."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest
from builders import events, profile, record
from peaks import peak_bytes
from small_lakes import listed, random_sales, small_lake

from feature_store import planning
from feature_store.age_groups import sources_of_ages, split_by_age
from feature_store.cells_by_age import AgedCellsTask
from features.attributes import Attributes
from features.groups import feature_groups, shop_item
from ingestion.sales.records import parse
from lakehouse import chunks
from lakehouse.lake import Lake
from lakehouse.month_range import MonthRange, plus_months
from lakehouse.profile.stored import stored_profile
from modelling.backtest.other_actuals import of_month

MONTH = date(2014, 1, 1)


def packed(months: int) -> pa.RecordBatch:
    """A thousand records of each month, a chunk each."""
    values = [
        record(date=f"{plus_months(MONTH, n):%d}.{plus_months(MONTH, n):%m.%Y}", item_id=str(item))
        for n in range(months)
        for item in range(1_000)
    ]
    records = parse(events(*values), profile())
    return chunks.pack(records, records["month"].cast(pa.string()).combine_chunks())


def test_of_ten_times_the_months_the_sales_of_one_take_the_same_peak() -> None:
    def peak(months: int) -> int:
        batch = packed(months)
        assert len(batch) == months
        found = [len(rows) for rows in of_month([batch], MONTH)]
        assert (sum(found), max(found)) == (1_000, 1_000)
        return peak_bytes(lambda: pa.concat_tables(of_month([batch], MONTH)))

    few, many = peak(2), peak(20)
    assert many < 1.2 * few, (few, many)


def aged(lake: Lake, months: MonthRange) -> Iterator[pa.Table]:
    """Aggregate the last month's cells by the age of items."""
    _, groups = split_by_age(feature_groups(stored_profile(lake)))
    below = sources_of_ages(groups, shop_item(stored_profile(lake).target_clip))
    task = AgedCellsTask(lake, groups, below, Attributes.of(stored_profile(lake)))
    for unit in planning.aged_units(lake, months, [months.last], below):
        yield from (made.rows for made in task(unit))


@pytest.mark.slow
def test_ages_over_ten_times_the_months_take_the_same_peak(tmp_path: Path) -> None:
    """Items sell every month, so that their cells of all months are ten times as many."""

    def peak(count: int) -> int:
        months = MonthRange(MONTH, plus_months(MONTH, count - 1))
        ids = tuple(str(n) for n in range(100, 500))
        sales = [
            {**sale, "item_id": item, "date": f"{month:%d.%m.%Y}"}
            for month in months
            for item, sale in zip(ids, random_sales(1, len(ids)), strict=True)
        ]
        lake = small_lake(tmp_path / str(count), sales, profile(), listed(ids), months)
        return peak_bytes(lambda: sum(map(len, aged(lake, months))))

    few, many = peak(3), peak(30)
    assert many < 1.3 * few, (few, many)
