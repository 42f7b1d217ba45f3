import random
from datetime import date
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from builders import cancel, events, own_id_profile, profile, record
from lakes import ingest_events, rows

from ingestion.sales import intake, shuffle
from ingestion.sales.intake import merge_few_sales
from ingestion.sales.records import parse
from ingestion.sales.versions import newest_sales
from lakehouse.delta import part_upserts, upserts
from lakehouse.lake import Lake
from lakehouse.tables.bronze import REJECTED_SALES
from lakehouse.tables.silver import DAILY_OFFERS, DAILY_SALES

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

FIRST, SECOND, THIRD = (f"2016-0{month}-01T00:00:00Z" for month in (1, 2, 3))
# Three sales: one corrected into another month, one cancelled before and revived after, one
# cancelled for good, whose last late version must not revive it.
HISTORY = (
    record(sale_id="moved", date="2015-03-07", updated_at=FIRST),
    record(sale_id="moved", date="2015-04-01", units="3", updated_at=SECOND),
    cancel("revived", FIRST),
    record(sale_id="revived", updated_at=SECOND),
    record(sale_id="gone", updated_at=FIRST),
    cancel("gone", THIRD),
    record(sale_id="gone", units="5", updated_at=SECOND),
    record(sale_id="bad", units="x", updated_at=THIRD),
)
OUTCOME = [
    ("gone", None, None, True),
    ("moved", date(2015, 4, 1), 3, False),
    ("revived", date(2015, 3, 7), 2, False),
]


def outcome(lake: Lake) -> list[tuple[Any, ...]]:
    return rows(lake, DAILY_SALES, "sale_id", "date", "units", "is_cancelled")


def batches(seed: int) -> list[pa.Table]:
    """The history in another order, in three batches, the second of which comes twice."""
    order = list(range(len(HISTORY)))
    random.Random(seed).shuffle(order)
    thirds = order[:3], order[3:5], order[5:]
    one, two, three = (events(*(HISTORY[i] for i in third), offsets=third) for third in thirds)
    return [one, two, three, two]


# Rows that are held at once, and rows that are merged without appending the new ones apart.
MERGED, SPLIT, BIT_BY_BIT = (100, 100), (100, 0), (1, 0)


@pytest.mark.parametrize(
    ("seed", "bounds"),
    [
        (1, MERGED),
        *(
            pytest.param(*case, marks=pytest.mark.slow)
            for case in ((2, SPLIT), (3, MERGED), (4, BIT_BY_BIT))
        ),
    ],
)
def test_any_order_of_batches_and_any_replay_end_in_the_same_sales(
    spark: "SparkSession",
    lake: Lake,
    seed: int,
    bounds: tuple[int, int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whether batches are merged whole, without their new rows, or bit by bit."""
    most, few = bounds
    monkeypatch.setattr(part_upserts, "MOST_ROWS", most)
    monkeypatch.setattr(upserts, "MERGED_AT_ONCE", few)
    for batch in batches(seed):
        ingest_events(spark, lake, batch, own_id_profile())
    assert outcome(lake) == OUTCOME
    assert rows(lake, REJECTED_SALES, "offset", "reasons") == [(7, ["units_unparsable"])]


@pytest.mark.parametrize("seed", range(4))
def test_few_records_taken_in_without_spark_end_in_the_same_sales(lake: Lake, seed: int) -> None:
    """Also under a profile whose sales keep their month until a record names one."""
    for batch in batches(seed):
        merge_few_sales(lake, batch, profile())
    assert outcome(lake) == OUTCOME
    assert rows(lake, REJECTED_SALES, "offset", "reasons") == [(7, ["units_unparsable"])]


def test_a_named_sale_that_moved_is_found_by_its_old_record(lake: Lake) -> None:
    """The id that content gives may be named by a later record, of another month."""
    first = events(record(), offsets=[0])
    merge_few_sales(lake, first, profile())
    (sale_id,), *_ = rows(lake, DAILY_SALES, "sale_id")
    moved = record(sale_id=sale_id, date="2015-05-09", updated_at="2020-01-02T00:00:00Z")
    merge_few_sales(lake, events(moved, offsets=[1]), profile())
    merge_few_sales(lake, first, profile())
    assert rows(lake, DAILY_SALES, "sale_id", "date") == [(sale_id, date(2015, 5, 9))]


@pytest.mark.slow
def test_the_law_of_order_needs_the_order_of_versions(
    spark: "SparkSession", lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(intake.TABLES, DAILY_SALES, "TRUE")
    for third in (slice(5, 8), slice(3, 5), slice(0, 3)):
        offsets = range(len(HISTORY))[third]
        batch = events(*HISTORY[third], offsets=offsets)
        ingest_events(spark, lake, batch, own_id_profile())
    assert outcome(lake) != OUTCOME


def test_one_batch_ends_in_the_sales_that_the_kernel_computes(
    spark: "SparkSession", lake: Lake
) -> None:
    history = events(*HISTORY)
    ingest_events(spark, lake, history, own_id_profile())
    computed = newest_sales(parse(history, own_id_profile())).to_pylist()
    expected = [tuple(row[name] for name in DAILY_SALES.names) for row in computed]
    assert rows(lake, DAILY_SALES) == sorted(expected, key=str)
    assert outcome(lake) == OUTCOME


def test_offers_of_a_day_are_one_row_whatever_the_order(spark: "SparkSession", lake: Lake) -> None:
    zero = [record(units="0"), record(units="0.0"), record(units="0", item_id="11")]
    late = events(*zero[:2], offsets=[5, 6])
    for batch in (late, events(*zero), late):
        ingest_events(spark, lake, batch, profile())
    assert rows(lake, DAILY_OFFERS, "item_id", "offset") == [("10", 6), ("11", 2)]
    assert rows(lake, DAILY_SALES) == []


def test_a_month_in_buckets_is_the_same_month(
    spark: "SparkSession", lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shuffle, "ROWS_PER_BUCKET", 3)
    sales = [record(item_id=str(number % 7)) for number in range(20)]
    ingest_events(spark, lake, events(*sales), profile())
    assert rows(lake, DAILY_SALES, "item_id", "offset") == [
        (str(number % 7), number) for number in (14, 15, 16, 17, 18, 19, 13)
    ]
