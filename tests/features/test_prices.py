"""A price is what buyers paid per unit, over sales with a known price in the months it is of."""

from datetime import date
from decimal import Decimal
from itertools import product
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from meanings import UNCLIPPED

from features import monthly
from features.compute import compute
from features.feature_set import feature_set
from features.groups import feature_groups
from lakehouse.month_range import MonthRange
from lakehouse.types import PRICE, TEXT, UNITS

HISTORY = MonthRange(date(2015, 1, 1), date(2015, 3, 1))
APRIL = date(2015, 4, 1)
PAIR = next(group for group in feature_groups(UNCLIPPED) if group.name == "shop_item")
RATIOS = {ratio.name: ratio for ratio in feature_set(UNCLIPPED).ratios}
SALES = pa.schema(
    [
        ("shop_id", TEXT),
        ("item_id", TEXT),
        ("month", pa.date32()),
        ("date", pa.date32()),
        ("units", UNITS),
        ("price", PRICE),
    ]
)
# Month from 1, units, price or None where it is not known.
Sale = tuple[int, str, str | None]


def prices(*sales: Sale, before: date = APRIL) -> tuple[float | None, float | None]:
    """Return the last price and the year's of a pair of these sales."""
    rows = [
        {"shop_id": "1", "item_id": "10", "month": date(2015, month, 1),
         "date": date(2015, month, 5), "units": Decimal(units),
         "price": None if price is None else Decimal(price)}
        for month, units, price in sales
    ]  # fmt: skip
    offers = pa.Table.from_pylist([], pa.schema(list(SALES)[:4]))
    days = monthly.pair_days(pa.Table.from_pylist(rows, SALES), offers)
    cells = monthly.aggregate(days, PAIR)
    (found,) = compute(cells, HISTORY, [before], PAIR)

    def ratio(name: str) -> Any:
        terms = (RATIOS[name].numerator, RATIOS[name].denominator)
        values = (found[term].to_numpy(zero_copy_only=False) for term in terms)
        (value,) = RATIOS[name].compute(*values).tolist()
        return None if np.isnan(value) else value

    return ratio("pair_price"), ratio("pair_price_12")


@pytest.mark.parametrize(
    ("sales", "last", "year"),
    [
        ([(1, "2", "500"), (2, "1", "500"), (2, "-1", "400")], 500, 500),
        ([(1, "2", "500"), (2, "4", None)], 500, 500),
        ([(1, "2", "500"), (2, "4", None), (2, "1", "440")], 440, 480),
        ([(1, "2", "500"), (2, "-2", "400")], 500, 500),
        ([(1, "2", "500"), (2, "1", "300"), (2, "-5", "300")], 300, 1300 / 3),
        ([(1, "2", "500"), (2, "2", "0")], 0, 250),
        ([(1, "0.250", "8")], 8, 8),
        ([(1, "2", None)], None, None),
        ([(1, "-2", "500")], None, None),
        ([(1, "2", None), (2, "-2", "500")], None, None),
    ],
)
def test_a_price_is_of_the_sales_that_say_what_was_paid(
    sales: list[Sale], last: float | None, year: float | None
) -> None:
    assert prices(*sales) == (pytest.approx(last), pytest.approx(year))


@given(
    st.lists(
        st.tuples(
            st.integers(1, 3),
            st.sampled_from(["1", "2", "-1", "-3", "0.5", "100"]),
            st.sampled_from([None, "0", "1", "99.99", "500"]),
        ),
        min_size=1,
        max_size=8,
    )
)
def test_a_price_lies_between_the_prices_that_buyers_paid(sales: list[Sale]) -> None:
    paid = [(month, float(p)) for month, units, p in sales if p is not None and float(units) > 0]
    last, year = prices(*sales)
    if not paid:
        assert (last, year) == (None, None)
        return
    newest = [price for month, price in paid if month == max(month for month, _ in paid)]
    for price, known in ((last, newest), (year, [price for _, price in paid])):
        assert price is not None
        assert min(known) * 0.999 - 1e-4 <= price <= max(known) * 1.001 + 1e-4


def test_numerator_and_denominator_of_every_price_are_of_the_same_sales() -> None:
    named = [ratio for name, ratio in RATIOS.items() if name.endswith(("_price", "_price_12"))]
    assert len(named) == 5
    for ratio, statistic in product(named, ("latest", "mean")):
        if f"_{statistic}_" in ratio.numerator:
            assert ratio.denominator == ratio.numerator.replace("_revenue_", "_priced_units_")
