"""The age of items: months since their first sale anywhere, the old counting as oldest."""

from datetime import date

import pyarrow as pa
import pytest

from features.ages import AGES, OLDEST, ages_of, first_sales, with_age
from features.spine import every_pair
from lakehouse.month_range import plus_months
from lakehouse.types import FEATURE, TEXT

FIRST = date(2014, 11, 1)


def cells(*rows: tuple[str, int, int]) -> pa.Table:
    """Make cells of items, so many months after November 2014, with so many sales."""
    items, months, sales = zip(*rows, strict=True) if rows else ((), (), ())
    dates = [plus_months(FIRST, month) for month in months]
    return pa.table(
        {
            "item_id": pa.array(items, TEXT),
            "month": pa.array(dates, pa.date32()),
            "sales": pa.array(sales, pa.int64()),
        }
    )


def aged(*rows: tuple[str, int, int]) -> list[tuple[str, date, str]]:
    given = cells(*rows)
    found = with_age(given, first_sales(given)).to_pylist()
    return [(row["item_id"], row["month"], row["item_age"]) for row in found]


def test_an_item_is_0_months_old_in_the_month_of_its_first_sale() -> None:
    assert aged(("1", 0, 2), ("1", 1, 1), ("2", 1, 1), ("1", 3, 1)) == [
        ("1", date(2014, 11, 1), "0"),
        ("1", date(2014, 12, 1), "1"),
        ("2", date(2014, 12, 1), "0"),
        ("1", date(2015, 2, 1), "3"),
    ]


def test_the_order_of_cells_does_not_matter() -> None:
    rows = (("1", 3, 1), ("2", 1, 1), ("1", 0, 2), ("1", 1, 1))
    assert sorted(aged(*rows)) == sorted(aged(*rows[::-1]))


def test_a_month_of_offers_alone_is_no_birth_but_counts_after_it() -> None:
    assert aged(("1", 0, 0), ("1", 2, 1), ("1", 3, 0), ("2", 1, 0)) == [
        ("1", date(2015, 1, 1), "0"),
        ("1", date(2015, 2, 1), "1"),
    ]


def test_the_old_count_as_oldest() -> None:
    months = (0, OLDEST - 1, OLDEST, OLDEST + 1, OLDEST + 20)
    assert [age for *_, age in aged(*(("1", month, 1) for month in months))] == [
        "0",
        str(OLDEST - 1),
        *[str(OLDEST)] * 3,
    ]


def test_no_cells_have_no_ages() -> None:
    found = with_age(cells(), first_sales(cells()))
    assert found.column_names == ["item_id", "month", "sales", "item_age"]
    assert aged() == []


def known(**ages: float) -> pa.Table:
    items = pa.array([item.removeprefix("_") for item in ages], TEXT)
    return pa.table({"item_id": items, "item_sales_age_all": pa.array(ages.values(), FEATURE)})


def test_items_of_a_target_month_are_as_old_as_their_features_say() -> None:
    items = pa.array(["3", "1", "2", "4"], TEXT)
    found = ages_of(items, known(_1=1, _2=OLDEST + 5, _9=3, _4=OLDEST))
    assert AGES.take(pa.array(found)).to_pylist() == ["0", "1", str(OLDEST), str(OLDEST)]


@pytest.mark.parametrize("items", [(), ("1", "2")])
def test_where_nothing_is_known_every_item_is_new(items: tuple[str, ...]) -> None:
    assert ages_of(pa.array(items, TEXT), known()).tolist() == [0] * len(items)


def test_every_row_of_a_spine_has_the_age_of_its_item() -> None:
    spine = every_pair(pa.array(["5", "6"]), pa.array(["1", "2"]), ()).aged(known(_2=4))
    assert spine.column("item_age").to_pylist() == ["0", "0", "4", "4"]


def test_the_age_of_a_cell_is_the_one_that_features_gave_its_target_month() -> None:
    """A panel row and the cell that its target becomes have one age."""
    history = cells(("1", 0, 1), ("1", 5, 1))
    (*_, last) = with_age(history, first_sales(history)).to_pylist()
    before = known(_1=4.032)
    assert AGES[ages_of(pa.array(["1"]), before)[0]].as_py() == last["item_age"]
