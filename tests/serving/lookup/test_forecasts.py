"""The index finds what a search through all rows finds."""

import json
from datetime import UTC, date, datetime
from itertools import product
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from published import MONTH, TIME, forecast

from lakehouse.errors import LakeError
from lakehouse.tables.gold import FORECASTS
from serving.lookup import rows as rows_module
from serving.lookup.columns import Columns
from serving.lookup.gathering import COLUMNS, KEY
from serving.lookup.pairs import numbers_of

SCHEMA = pa.schema([FORECASTS.schema.field(name) for name in COLUMNS])
IDS = st.text(min_size=1, max_size=3)
MONTHS = st.sampled_from([date(2015, 11, 1), date(2015, 12, 1), date(2016, 1, 1)])
FLOATS = st.floats(0, 1000, width=32)
CELLS = st.dictionaries(
    st.tuples(IDS, IDS, MONTHS),
    st.fixed_dictionaries(
        {
            "units": FLOATS,
            "p10": st.none() | FLOATS,
            "rung": st.sampled_from(["own history", "category"]),
            "model": st.text(max_size=2),
            "generated_at": st.datetimes(datetime(2015, 1, 1), datetime(2016, 1, 1)),
        }
    ),
    max_size=30,
)


def rows_of(cells: dict[tuple[str, str, date], dict[str, Any]]) -> pa.Table:
    rows = [
        forecast(shop_id, item_id, month=month, **values)
        for (shop_id, item_id, month), values in cells.items()
    ]
    return pa.Table.from_pylist(
        [{name: row[name] for name in COLUMNS} for row in rows], schema=SCHEMA
    )


def searched(rows: list[dict[str, Any]], shop_id: str, item_id: str) -> list[dict[str, Any]]:
    found = [row for row in rows if (row["shop_id"], row["item_id"]) == (shop_id, item_id)]
    return sorted(found, key=lambda row: row["month"])


def found_in(columns: Columns, shop_id: str, item_id: str) -> list[dict[str, Any]]:
    """Return a pair's forecasts as the rows that a search finds, read from the rendered JSON."""
    text = columns.text_of(columns.rows_of(shop_id, item_id))
    return [
        {
            **{name: value for name, value in row.items() if name != "override"},
            "month": date.fromisoformat(f"{row['month']}-01"),
            "generated_at": datetime.fromisoformat(row["generated_at"]),
        }
        for row in json.loads(b"[%s]" % text)
    ]


def same(value: Any, expected: Any) -> bool:
    if isinstance(expected, float):
        return bool(value == pytest.approx(expected, rel=1e-6, abs=1e-37))
    return bool(value == expected)


@settings(deadline=None)
@given(CELLS, st.tuples(IDS, IDS))
def test_a_pair_has_the_rows_that_a_search_finds(
    cells: dict[tuple[str, str, date], dict[str, Any]], other: tuple[str, str]
) -> None:
    table = rows_of(cells)
    index, rows = Columns.of(table), table.to_pylist()
    assert len(index) == len(cells)
    shops, items = {k[0] for k in cells} | {other[0]}, {k[1] for k in cells} | {other[1]}
    for shop_id, item_id in product(shops, items):
        found, expected = found_in(index, shop_id, item_id), searched(rows, shop_id, item_id)
        assert len(found) == len(expected)
        for row, wanted in zip(found, expected, strict=True):
            assert row.keys() | {"shop_id", "item_id"} == wanted.keys()
            assert all(same(row[name], wanted[name]) for name in row), (row, wanted)


@given(FLOATS)
@settings(deadline=None)
def test_units_are_the_shortest_number_that_is_the_same_32_bit_float(units: float) -> None:
    table = rows_of({("57", "5037", MONTH): {"units": units}})
    (found,) = found_in(Columns.of(table), "57", "5037")
    assert pa.scalar(found["units"], pa.float32()).as_py() == units
    assert float(f"{found['units']:.9g}") == found["units"]


def test_a_number_is_written_as_people_write_it() -> None:
    table = rows_of({("57", "5037", MONTH): {"units": 1.3}})
    assert table["units"][0].as_py() != 1.3
    assert found_in(Columns.of(table), "57", "5037")[0]["units"] == 1.3


def test_two_forecasts_of_one_cell_are_refused() -> None:
    table = rows_of({("57", "5037", MONTH): {}})
    with pytest.raises(LakeError, match="two forecasts of one shop, item and month"):
        Columns.of(pa.concat_tables([table, table]))


def test_a_forecast_takes_100_bytes() -> None:
    rows = 9_999
    table = pa.table(
        {
            "shop_id": [str(n % 9) for n in range(rows)],
            "item_id": [str(n // 27) for n in range(rows)],
            "month": [date(2015, 10 + n // 9 % 3, 1) for n in range(rows)],
            **{name: [forecast()[name]] * rows for name in COLUMNS if name not in KEY},
        }
    ).select(COLUMNS)
    columns = Columns.of(table.cast(SCHEMA))
    assert len(columns) == rows
    assert sum(array.nbytes for array in columns.arrays.values()) <= 100 * rows


def test_a_time_is_in_utc() -> None:
    (found,) = found_in(Columns.of(rows_of({("57", "5037", MONTH): {}})), "57", "5037")
    assert found["generated_at"] == TIME
    assert found["generated_at"].utcoffset() == UTC.utcoffset(None)


@settings(deadline=None)
@given(CELLS, st.lists(st.tuples(IDS, IDS), max_size=5))
def test_a_search_finds_the_rows_that_the_array_of_all_pairs_has(
    cells: dict[tuple[str, str, date], dict[str, Any]], others: list[tuple[str, str]]
) -> None:
    table = rows_of(cells)
    asked = [*((shop, item) for shop, item, _ in cells), *others]
    found = []
    for sparse in (0, 1_000):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(rows_module, "SPARSE", sparse)
            columns = Columns.of(table)
        assert (columns.grid is None) == (sparse == 0 and bool(cells))
        shops = numbers_of(columns.shop_numbers, [shop for shop, _ in asked])
        items = numbers_of(columns.item_numbers, [item for _, item in asked])
        rows = columns.rows_of_pairs(shops, items)
        alone = [list(columns.rows_of(*pair)) for pair in asked]
        assert rows.numbers.tolist() == [row for each in alone for row in each]
        found.append((rows.counts.tolist(), alone))
    assert found[0] == found[1]
