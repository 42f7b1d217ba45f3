from datetime import date
from typing import Any

import pyarrow as pa
import pytest
from builders import cancel, events, own_id_profile, record
from hypothesis import given
from hypothesis import strategies as st

from ingestion.newest import ORDER, newest
from ingestion.sales.records import parse
from ingestion.sales.versions import newest_offers, newest_sales

JANUARY, FEBRUARY = "2016-01-01T00:00:00Z", "2016-02-01T00:00:00Z"


def sales(*values: bytes) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = newest_sales(parse(events(*values), own_id_profile())).to_pylist()
    return sorted(rows, key=lambda row: str(row["sale_id"]))


def test_the_latest_update_wins_whatever_the_order_of_arrival() -> None:
    old = record(sale_id="a", units="1", updated_at=JANUARY)
    new = record(sale_id="a", units="2", updated_at=FEBRUARY)
    for values in ((old, new), (new, old)):
        assert [row["units"] for row in sales(*values)] == [2]


def test_of_updates_at_the_same_time_the_later_record_wins() -> None:
    first, second = (record(sale_id="a", units=units, updated_at=JANUARY) for units in "12")
    assert [row["units"] for row in sales(first, second)] == [2]


def test_a_cancel_leaves_a_tombstone_that_an_older_version_cannot_revive() -> None:
    sale = record(sale_id="a", updated_at=JANUARY)
    for values in ((sale, cancel("a", FEBRUARY)), (cancel("a", FEBRUARY), sale)):
        (row,) = sales(*values)
        assert (row["is_cancelled"], row["date"]) == (True, None)


def test_a_sale_that_is_newer_than_its_cancel_is_live() -> None:
    (row,) = sales(cancel("a", JANUARY), record(sale_id="a", updated_at=FEBRUARY))
    assert row["is_cancelled"] is False


def test_a_sale_may_move_to_another_month() -> None:
    (row,) = sales(
        record(sale_id="a", date="2015-03-07", updated_at=JANUARY),
        record(sale_id="a", date="2015-04-01", updated_at=FEBRUARY),
    )
    assert row["month"] == date(2015, 4, 1)


def test_a_day_on_offer_is_one_row() -> None:
    from builders import profile

    parsed = parse(events(*[record(units="0")] * 3, record(units="0", item_id="11")), profile())
    assert sorted(newest_offers(parsed)["offset"].to_pylist()) == [2, 3]


ROW = st.fixed_dictionaries(
    {"key": st.sampled_from("ab"), "updated_at": st.integers(0, 2), "source": st.sampled_from("xy"),
     "partition": st.integers(0, 1), "offset": st.integers(0, 2)}
)  # fmt: skip


@given(st.lists(ROW, unique_by=lambda row: tuple(row[name] for name in ORDER)))
def test_newest_is_the_greatest_in_order_of_each_key(rows: list[dict[str, Any]]) -> None:
    schema = pa.schema([("key", pa.string()), ("updated_at", pa.int64()), ("source", pa.string()),
                        ("partition", pa.int64()), ("offset", pa.int64())])  # fmt: skip
    kept = newest(pa.Table.from_pylist(rows, schema), ("key",), ORDER).to_pylist()
    expected: dict[str, dict[str, Any]] = {}
    for row in sorted(rows, key=lambda row: tuple(row[name] for name in ORDER)):
        expected[row["key"]] = row
    assert sorted(kept, key=lambda row: str(row["key"])) == [
        expected[key] for key in sorted(expected)
    ]


@pytest.mark.parametrize("count", [0, 1])
def test_newest_of_few_rows_is_those_rows(count: int) -> None:
    rows = parse(events(*[record(sale_id="a")] * count), own_id_profile())
    assert len(newest(rows, ("sale_id",), ORDER)) == count
