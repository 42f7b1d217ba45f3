"""Measures in their integer form go into their table as the decimals that they stand for."""

from decimal import Decimal

import pyarrow as pa
import pytest

from features.encoding import integers
from features.measure import Measure, stored_form
from lakehouse.types import COUNT, REVENUE, UNITS, WHOLE

MEASURES = (
    Measure("units", "units", "sum", UNITS, ""),
    Measure("revenue", "revenue", "sum", REVENUE, ""),
    Measure("sale_days", "sale_day", "count_distinct", WHOLE, ""),
)
AMOUNTS = [0, 1, -1, 12345, -(10**12), 10**17, -(2**62)]


def whole(*amounts: int) -> pa.Table:
    return pa.table(
        {
            "item_id": pa.array([str(i) for i in range(len(amounts))], pa.string()),
            "units": pa.array(amounts, pa.int64()),
            "revenue": pa.array(amounts, pa.int64()),
            "sale_days": pa.array([3] * len(amounts), pa.int64()),
        }
    )


def test_a_scale_says_what_stands_for_one() -> None:
    assert [m.scale for m in MEASURES] == [1000, 10000, 1]
    assert Measure("sales", "sale", "sum", COUNT, "").scale == 1


def test_whole_numbers_become_decimals_exactly() -> None:
    stored = stored_form(whole(*AMOUNTS[:-1]), MEASURES)
    assert stored.schema.types == [pa.string(), UNITS, REVENUE, WHOLE]
    assert stored["units"].to_pylist() == [Decimal(n).scaleb(-3) for n in AMOUNTS[:-1]]
    assert stored["revenue"].to_pylist() == [Decimal(n).scaleb(-4) for n in AMOUNTS[:-1]]
    stored.validate(full=True)


def test_decimals_come_back_as_the_whole_numbers() -> None:
    stored = stored_form(whole(*AMOUNTS), MEASURES)
    assert integers(stored["units"]).tolist() == AMOUNTS


@pytest.mark.parametrize("table", [whole(), whole().slice(0, 0), whole(1, 2).slice(2)])
def test_no_cells_stay_no_cells(table: pa.Table) -> None:
    stored = stored_form(table, MEASURES)
    assert stored.num_rows == 0
    assert stored.schema.types == [pa.string(), UNITS, REVENUE, WHOLE]


def test_slices_and_chunks_are_what_they_show() -> None:
    table = pa.concat_tables([whole(1, 2, 3).slice(1), whole(4, 5).slice(1)])
    stored = stored_form(table, MEASURES)
    assert stored["units"].to_pylist() == [Decimal(n).scaleb(-3) for n in (2, 3, 5)]
