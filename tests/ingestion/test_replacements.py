"""A shop-day delivered again as a whole replaces what it held, whatever the order of arrival."""

import json
from itertools import permutations
from typing import TYPE_CHECKING, Any

import pytest
from builders import events, profile, record
from lakes import rows

from ingestion.sales import replaced_days
from ingestion.sales.intake import may_state_sale_ids, merge_few_sales, merge_sales
from ingestion.sales.records import parse
from lakehouse.delta import log
from lakehouse.delta.arrow import read_table
from lakehouse.lake import Lake
from lakehouse.tables.bronze import REJECTED_SALES
from lakehouse.tables.silver import DAILY_SALES, REPLACED_DAYS

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

DAY = {"shop_id": "1", "date": "2015-03-07"}
FIRST, SECOND, THIRD = (f"2016-0{month}-01T00:00:00Z" for month in (1, 2, 3))


def replace(updated_at: str, *lines: dict[str, Any], **fields: Any) -> bytes:
    whole = {"op": "replace", **DAY, "updated_at": updated_at, "lines": lines, **fields}
    return json.dumps(whole).encode()


def line(item: str, units: object = 1) -> dict[str, Any]:
    return {"item_id": item, "units": units, "price": "9.5"}


def live(lake: Lake) -> list[tuple[Any, ...]]:
    found = rows(lake, DAILY_SALES, "item_id", "units", "date", "is_cancelled")
    return sorted((item, int(units)) for item, units, _, is_cancelled in found if not is_cancelled)


def delivered(lake: Lake, *values: bytes, order: tuple[int, ...] | None = None) -> Lake:
    for offset in order or range(len(values)):
        merge_few_sales(lake, events(values[offset], offsets=[offset]), profile())
    return lake


HISTORY = (
    record(item_id="10", units="2", updated_at=FIRST),
    record(item_id="11", units="5", updated_at=FIRST),
    record(item_id="12", units="4", date="2015-03-08", updated_at=FIRST),
    replace(SECOND, line("10", 2), line("13", 7)),
    record(item_id="14", units="3", updated_at=THIRD),
)


@pytest.mark.parametrize("order", list(permutations(range(5)))[::17])
def test_what_is_not_delivered_again_is_cancelled(lake: Lake, order: tuple[int, ...]) -> None:
    assert live(delivered(lake, *HISTORY, order=order)) == [
        ("10", 2), ("12", 4), ("13", 7), ("14", 3)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("stated", "day", "lines", "reasons"),
    [
        ("2051-01-01", "2015-03-07", (), ["replacement_incomplete"]),
        ("2051-01-01", "2015-03-07", (line("10"),), ["updated_at_implausible"]),
        ("1970-01-17", "2015-03-07", (), ["replacement_incomplete"]),
        (THIRD, "2033-03-07", (), ["replacement_incomplete"]),
        ("9999-12-31", "0001-01-01", (), ["replacement_incomplete"]),
    ],
)
def test_a_delivery_from_the_future_or_before_its_day_is_rejected(
    lake: Lake, stated: str, day: str, lines: tuple[Any, ...], reasons: list[str]
) -> None:
    delivered(lake, HISTORY[0], replace(stated, *lines, date=day))
    assert live(lake) == [("10", 2)]
    assert rows(lake, REJECTED_SALES, "reasons") == [(reasons,)]


def test_the_newest_delivery_counts(lake: Lake) -> None:
    one, other = replace(SECOND, line("13")), replace(THIRD, line("15"))
    assert live(delivered(lake, other, HISTORY[0], one)) == [("15", 1)]


def test_a_delivery_without_lines_empties_the_day(lake: Lake) -> None:
    assert live(delivered(lake, HISTORY[0], replace(SECOND))) == []


def test_a_delivery_again_changes_nothing(lake: Lake) -> None:
    assert live(delivered(lake, *HISTORY, order=(0, 3, 3, 0, 3))) == [("10", 2), ("13", 7)]


@pytest.mark.parametrize(
    ("value", "reasons"),
    [
        (replace(SECOND, line("13", "many"), line("14")), ["units_unparsable"]),
        (replace(SECOND, lines=None), ["replacement_incomplete"]),
        (replace(SECOND, date="7.3."), ["replacement_incomplete"]),
        (replace("then"), ["replacement_incomplete"]),
        (replace(SECOND, shop_id=None), ["replacement_incomplete"]),
    ],
)
def test_a_faulty_delivery_is_rejected_as_a_whole(
    lake: Lake, value: bytes, reasons: list[str]
) -> None:
    delivered(lake, HISTORY[0], value)
    assert live(lake) == [("10", 2)]
    assert rows(lake, REJECTED_SALES, "value", "reasons") == [(value, reasons)]


def test_a_record_that_only_says_the_word_is_a_record_like_any_other(lake: Lake) -> None:
    value = record(item_id="replace", updated_at=FIRST)
    assert live(delivered(lake, value)) == [("replace", 2)]
    assert parse(events(value), profile())["outcome"].to_pylist() == ["sale"]


WAYS = {
    "plain": lambda text: text,
    "an escape in the value": lambda text: text.replace('"replace"', '"repl\\u0061ce"'),
    "an escape in the key": lambda text: text.replace('"op"', '"\\u006fp"'),
    "capitals": lambda text: text.replace('"replace"', '"REPLACE"'),
    "blanks": lambda text: text.replace('"replace"', '" replace "'),
    "all escaped": lambda text: text.replace(
        "replace", "".join(f"\\u{ord(letter):04x}" for letter in "replace")
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_delivery_is_known_by_its_parsed_operation_however_that_is_written(
    lake: Lake, way: str
) -> None:
    value = WAYS[way](replace(SECOND, line("13")).decode()).encode()
    assert live(delivered(lake, HISTORY[0], value)) == [("13", 1)]
    assert not log.exists(lake, REJECTED_SALES)


@pytest.mark.slow
def test_workers_know_deliveries_and_named_sales_however_they_are_written(
    spark: "SparkSession", lake: Lake
) -> None:
    """One that moves a sale to another month, and is of the same batch, too."""
    written = replace(SECOND, line("13")).decode()
    values = [HISTORY[0], *(way(written).encode() for way in WAYS.values())]
    moved = [
        record(sale_id="a", date=day, shop_id="9", updated_at=at).replace(
            b'"sale_id"', b'"sale\\u005fid"'
        )
        for day, at in (("2015-03-07", FIRST), ("2015-05-07", SECOND))
    ]
    received = events(*values, *moved)
    frame = spark.createDataFrame(received)
    assert may_state_sale_ids(frame, profile())
    assert not may_state_sale_ids(spark.createDataFrame(received.slice(0, 3)), profile())
    merge_sales(lake, frame, profile(), is_moving=True)
    assert live(lake) == [("10", 2), ("13", 1)]
    assert len(rows(lake, REPLACED_DAYS)) == 1


def test_only_replaced_days_that_a_batch_touches_are_looked_at(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivered(lake, *HISTORY)
    looked: list[str] = []
    monkeypatch.setattr(
        replaced_days,
        "read_table",
        lambda _, table, **asked: looked.append(table.name) or read_table(_, table, **asked),
    )
    merge_few_sales(lake, events(record(date="2015-03-09"), offsets=[20]), profile())
    assert looked == ["replaced_days"], "no sale of the day is read"
    looked.clear()
    merge_few_sales(lake, events(record(item_id="15", updated_at=FIRST), offsets=[21]), profile())
    assert looked == ["replaced_days", "daily_sales"]
    assert ("15", 2) not in live(lake)
