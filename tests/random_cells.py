"""Random sparse monthly cells of a group, as rows and as the table that its features read."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import strategies as st

from features.ages import ITEM_AGE
from features.encoding import integers
from features.group import PRESENCE, SOLD_SHARE, FeatureGroup
from features.measure import Measure
from features.tables import monthly_table
from lakehouse.month_range import MonthRange, month_date, plus_months

Cell = Mapping[str, Any]
# Ids that a join, a concatenation or a conversion to numbers would confuse.
IDS = ("1", "11", "01", "unknown")
# Of a key that has values of its own.
VALUES = {ITEM_AGE: ("0", "1", "2", "12")}


@dataclass(frozen=True)
class RandomCells:
    """Cells of one group within a lake's months."""

    group: FeatureGroup
    history: MonthRange
    cells: tuple[Cell, ...]

    @property
    def table(self) -> pa.Table:
        return table(self.group, self.cells)


def table(group: FeatureGroup, cells: Iterable[Cell]) -> pa.Table:
    """Make the stored form of cells.

    A measure that a cell does not name is 0; what is sold is so from the month's first day on.
    """
    zeros = {measure.name: 0 for measure in group.measures}
    rows = [{**zeros, SOLD_SHARE: 1 if cell.get(PRESENCE) else 0, **cell} for cell in cells]
    return pa.Table.from_pylist(rows, monthly_table(group).schema)


def integer_form(cells: pa.Table, group: FeatureGroup) -> pa.Table:
    """Replace decimals by the whole numbers that stand for them."""
    for measure in group.measures:
        at = cells.column_names.index(measure.name)
        cells = cells.set_column(at, measure.name, pa.array(integers(cells[measure.name])))
    return cells


def of_each_shape(groups: Iterable[FeatureGroup]) -> dict[str, FeatureGroup]:
    """Keep the first of the groups that differ in nothing but the names of their keys."""
    shapes: dict[Any, FeatureGroup] = {}
    for group in groups:
        shapes.setdefault((group.measures, group.features, len(group.keys)), group)
    return {group.name: group for group in shapes.values()}


def quick_and_slow(names: Iterable[str]) -> list[Any]:
    """Mark the names of groups slow, except one group by key and one by age."""
    quick = ("shop_item", "category_age")
    return [pytest.param(n, marks=() if n in quick else pytest.mark.slow) for n in names]


def key(group: FeatureGroup, row: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the key of a row."""
    return tuple(row[name] for name in group.keys)


def histories(shortest: int = 1) -> st.SearchStrategy[MonthRange]:
    """Draw a lake's months: up to two years above the shortest, starting anywhere in a year."""
    return st.builds(
        lambda start, length: MonthRange(month_date(start), month_date(start + length - 1)),
        st.integers(540, 551),
        st.integers(shortest, shortest + 23),
    )


def amounts(measure: Measure) -> st.SearchStrategy[Any]:
    """Draw values of a measure: returns exceed sales, and a cell may hold no sale at all."""
    if measure.name == PRESENCE:
        return st.sampled_from((1, 0, 2, 7))
    if measure.name == SOLD_SHARE:
        return st.integers(1, 1000).map(lambda part: Decimal(part).scaleb(-3))
    if not pa.types.is_decimal(measure.type):
        return st.integers(0, 31)
    whole = st.integers(-(10**6), 10**6) | st.sampled_from((0, 10**12))
    return whole.map(lambda number: Decimal(number).scaleb(-measure.type.scale))


@st.composite
def random_cells(
    draw: st.DrawFn,
    group: FeatureGroup,
    history: MonthRange | None = None,
    beyond: int = 0,
    most: int = 16,
) -> RandomCells:
    """Draw cells.

    Args:
        draw: hypothesis's.
        group: whose cells.
        history: the lake's months; None: any.
        beyond: months by which cells may lie outside the history.
        most: the greatest number of cells.
    """
    months = history or draw(histories())
    ids = IDS[: draw(st.integers(1, len(IDS)))]
    place = st.tuples(
        *(st.sampled_from(VALUES.get(name, ids)) for name in group.keys),
        st.integers(months.start - beyond, months.start + len(months) - 1 + beyond),
    )
    places = draw(st.lists(place, unique=True, max_size=most))
    measured = st.fixed_dictionaries({m.name: amounts(m) for m in group.measures})
    return RandomCells(
        group,
        months,
        tuple(
            {
                **dict(zip(group.keys, of, strict=True)),
                "month": month_date(number),
                **draw(measured),
            }
            for *of, number in places
        ),
    )


@st.composite
def split_cells(draw: st.DrawFn, group: FeatureGroup) -> tuple[RandomCells, date, tuple[date, ...]]:
    """Draw cells, a month to open with, and the target months that look back no further."""
    drawn = draw(random_cells(group, draw(histories(shortest=group.lookback))))
    end = plus_months(drawn.history.last, 1)
    latest = plus_months(end, -group.lookback)
    month = draw(st.sampled_from([month for month in drawn.history if month <= latest]))
    return drawn, month, tuple(MonthRange(plus_months(month, group.lookback), end))


def before(cells: Iterable[Cell], month: date) -> tuple[Cell, ...]:
    """Keep the cells before a month."""
    return tuple(cell for cell in cells if cell["month"] < month)
