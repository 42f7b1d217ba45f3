from datetime import date
from decimal import Decimal

import pyarrow as pa
import pytest
from builders import MIDNIGHT

from lakehouse.delta import creation, log
from lakehouse.delta.arrow import Filters, append_rows, read_batches, read_table
from lakehouse.delta.parts import TableRows, commit_parts, write_files
from lakehouse.delta.upserts import upsert_rows
from lakehouse.errors import LakeError
from lakehouse.lake import Lake
from lakehouse.tables.silver import DAILY_SALES, MONTHS

MARCH = date(2015, 3, 1)


def sale(sale_id: str, day: date | None) -> dict[str, object]:
    return {
        "sale_id": sale_id,
        "date": day,
        "month": day and day.replace(day=1),
        "shop_id": day and "1",
        "item_id": day and "10",
        "units": day and Decimal(1),
        "price": None,
        "updated_at": MIDNIGHT,
        "is_cancelled": day is None,
        "source": "s",
        "partition": 0,
        "offset": 0,
        "ingested_at": MIDNIGHT,
    }


SALES = [sale("a", date(2015, 3, 7)), sale("b", date(2015, 4, 7)), sale("c", None)]


@pytest.fixture
def sales(lake: Lake) -> Lake:
    """A lake with three sales in two months, one of them without a date."""
    rows = pa.Table.from_pylist(SALES, DAILY_SALES.schema)
    creation.create_table(lake, DAILY_SALES)
    parts = write_files(lake, TableRows(DAILY_SALES, rows))
    commit_parts(lake, DAILY_SALES, parts, log.Named("first"))
    return lake


@pytest.mark.parametrize(
    ("where", "ids"),
    [
        ([("date", "=", date(2015, 3, 7))], "a"),
        ([("units", "is null", True)], "c"),
        ([("price", "is null", True)], "abc"),
        ([("is_cancelled", "=", True)], "c"),
        ([("month", "=", MARCH)], "a"),
        ([("month", "is null", True)], "c"),
        ([("sale_id", "in", ["b", "c", "x"])], "bc"),
        ([("month", ">", MARCH), ("sale_id", "!=", "a")], "b"),
        ([("source", "=", "x")], ""),
        ([], "abc"),
    ],
)
@pytest.mark.parametrize("is_merged", [False, True])
def test_a_condition_finds_its_rows_whatever_the_log_knows_of_the_column(
    sales: Lake, where: Filters, ids: str, is_merged: bool
) -> None:
    if is_merged:
        rows = read_table(sales, DAILY_SALES)
        upsert_rows(sales, DAILY_SALES, rows)
    found = read_table(sales, DAILY_SALES, ["sale_id"], where)["sale_id"].to_pylist()
    assert sorted(found) == list(ids)


def test_rows_of_parts_are_read_as_they_were_written(sales: Lake) -> None:
    found = read_table(sales, DAILY_SALES).sort_by("sale_id")
    assert found.equals(pa.Table.from_pylist(SALES, DAILY_SALES.schema))


def test_pieces_are_the_rows(sales: Lake) -> None:
    pieces = list(read_batches(sales, DAILY_SALES, ["sale_id"], [("source", "=", "s")]))
    assert sum(len(piece) for piece in pieces) == len(SALES)


def test_a_transaction_is_known_by_its_name(sales: Lake) -> None:
    assert log.has_transaction(sales, DAILY_SALES, log.Named("first"))
    assert not log.has_transaction(sales, DAILY_SALES, log.Named("second"))
    assert not log.has_transaction(sales, MONTHS, log.Named("first"))


def test_an_upsert_replaces_by_key_and_adds_the_others(lake: Lake) -> None:
    closed = {"month": MARCH, "status": "closed", "closed_at": MIDNIGHT}
    opened = {"month": MARCH, "status": "open", "closed_at": None}
    april = {**opened, "month": date(2015, 4, 1)}
    append_rows(lake, MONTHS, pa.Table.from_pylist([opened], MONTHS.schema))
    upsert_rows(lake, MONTHS, pa.Table.from_pylist([closed, april], MONTHS.schema))
    assert read_table(lake, MONTHS).sort_by("month").to_pylist() == [closed, april]


def test_a_table_that_is_not_there_is_told(lake: Lake) -> None:
    with pytest.raises(LakeError, match="silver/months is missing"):
        read_table(lake, MONTHS)
