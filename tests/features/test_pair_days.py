"""Which units count as those of a month's end and of weekends."""

from datetime import date, timedelta
from decimal import Decimal

import pyarrow as pa
import pytest

from features.groups import shop_item
from features.monthly import aggregate, pair_days
from lakehouse.types import PRICE, TEXT, UNITS

DAY = {"shop_id": TEXT, "item_id": TEXT, "month": pa.date32(), "date": pa.date32()}


def sales(*dated: tuple[date, str]) -> pa.Table:
    rows = [
        {
            "shop_id": "5",
            "item_id": "1",
            "month": day.replace(day=1),
            "date": day,
            "units": Decimal(units),
            "price": None,
        }
        for day, units in dated
    ]
    return pa.Table.from_pylist(rows, pa.schema({**DAY, "units": UNITS, "price": PRICE}))


def counted(measure: str, *dated: tuple[date, str]) -> list[int]:
    """Return what each sale counts, in thousandths of a unit."""
    return pair_days(sales(*dated), pa.schema(DAY).empty_table())[measure].to_pylist()


@pytest.mark.parametrize(
    ("early", "late", "last"),
    [
        (date(2015, 1, 17), date(2015, 1, 18), date(2015, 1, 31)),
        (date(2015, 4, 16), date(2015, 4, 17), date(2015, 4, 30)),
        (date(2015, 2, 14), date(2015, 2, 15), date(2015, 2, 28)),
        (date(2016, 2, 15), date(2016, 2, 16), date(2016, 2, 29)),
        (date(2015, 12, 17), date(2015, 12, 18), date(2015, 12, 31)),
    ],
    ids=["31 days", "30 days", "28 days", "29 days", "a year's end"],
)
def test_the_last_fourteen_days_of_a_month_are_late(early: date, late: date, last: date) -> None:
    days = [(early.replace(day=1), "1"), (early, "1"), (late, "1"), (last, "1")]
    assert counted("late_units", *days) == [0, 0, 1000, 1000]


def test_a_month_has_fourteen_late_days() -> None:
    year = [date(2016, 1, 1) + timedelta(days) for days in range(366)]
    late = counted("late_units", *((day, "1") for day in year))
    assert sum(late) == 12 * 14 * 1000


def test_saturdays_and_sundays_are_weekends() -> None:
    monday = date(2015, 2, 23)
    week = [(monday + timedelta(days), "1") for days in range(7)]
    assert counted("weekend_units", *week) == [0, 0, 0, 0, 0, 1000, 1000]
    before_1970 = date(1969, 12, 27), date(1969, 12, 29)
    assert counted("weekend_units", *((day, "1") for day in before_1970)) == [1000, 0]


@pytest.mark.parametrize(
    ("day", "share"),
    [
        (date(2015, 1, 1), 1000),
        (date(2015, 1, 2), 968),
        (date(2015, 1, 31), 32),
        (date(2015, 2, 15), 500),
        (date(2016, 2, 29), 34),
        (date(2015, 12, 31), 32),
    ],
)
def test_a_sale_leaves_the_share_of_its_month_from_its_day_on(day: date, share: int) -> None:
    """30 of 31 days, 1 of 31, 14 of 28, 1 of 29."""
    assert counted("sold_share", (day, "1")) == [share]


def test_a_months_first_sale_decides_also_where_it_is_a_return() -> None:
    days = [(date(2015, 2, 27), "5"), (date(2015, 2, 15), "-1"), (date(2015, 2, 16), "1")]
    rows = pair_days(sales(*days), pa.schema(DAY).empty_table())
    (cell,) = aggregate(rows, shop_item(None)).to_pylist()
    assert cell["sold_share"] == 500


def test_returns_and_parts_of_units_count_as_they_are() -> None:
    saturday = date(2015, 2, 28)
    for measure in ("late_units", "weekend_units"):
        assert counted(measure, (saturday, "-2"), (saturday, "0.125")) == [-2000, 125]


def test_a_day_on_offer_has_no_units() -> None:
    offers = pa.Table.from_pylist(
        [{"shop_id": "5", "item_id": "1", "month": date(2015, 2, 1), "date": date(2015, 2, 28)}],
        pa.schema(DAY),
    )
    for some in (sales(), sales((date(2015, 2, 1), "1"))):
        row = pair_days(some, offers).to_pylist()[-1]
        assert (row["late_units"], row["weekend_units"], row["offer_day"]) == (0, 0, 28)
        assert row["sold_share"] == 0


def test_a_sale_can_count_as_late_as_of_a_weekend_as_both_or_as_neither() -> None:
    """Of a Friday early in the month, a Friday late in it, a Sunday early and one late."""
    days = (date(2015, 5, 1), date(2015, 5, 29), date(2015, 5, 3), date(2015, 5, 31))
    dated = zip(days, ("1", "2", "4", "8"), strict=True)
    rows = pair_days(sales(*dated), pa.schema(DAY).empty_table())
    (cell,) = aggregate(rows, shop_item(None)).to_pylist()
    found = [cell[name] for name in ("units", "late_units", "weekend_units")]
    assert found == [15000, 10000, 12000]
