"""Features of the optional inputs: plans of the target month, and history of what was in stock."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.calendar import days
from features.group import SHOP
from features.horizon import known_month
from features.own_ids import newest_of_names, under_own_ids
from features.ratio import Ratio
from lakehouse.month_range import plus_months
from lakehouse.tables.inputs import PLANNED_PRICES, PROMOTIONS, SHOP_DATES, STOCK_OUTS, Input
from lakehouse.types import FEATURE


@dataclass(frozen=True)
class Known:
    """What an input says for the rows of a panel.

    Attributes:
        keys: columns of ``rows`` that they are unique on.
        rows: ``[*keys, value]``.
        absent: the value of a key without a row; None: it is not known.
    """

    keys: tuple[str, ...]
    rows: pa.Table
    absent: float | None


@dataclass(frozen=True)
class InputFeature:
    """A column of the panel that an input gives.

    Attributes:
        name: of the column.
        source: the input.
        lag: 0: of the target month; n: of the nth month up to the cutoff, 1 being the cutoff.
        value: rows of the input's table and the month that is read → the column.
        absent: the month that is read → the value of a key without a row, where the input knows
            the month at all; None: it is not known.
        comment: its meaning, with its unit.

    Raises:
        ValueError: it reads the target month of an input that is not known ahead.
    """

    name: str
    source: Input
    lag: int
    value: Callable[[pa.Table, date], pa.Array]
    absent: Callable[[date], float | None]
    comment: str

    def __post_init__(self) -> None:
        if self.lag < 0 or (self.lag == 0 and not self.source.is_known_ahead):
            raise ValueError(
                f"{self.name}: {self.source.name} of the target month is not known at the cutoff; "
                "read a lag of 1 or more."
            )

    def month_read(self, month: date, horizon: int) -> date:
        """Return the month whose values a target month's rows take."""
        return month if self.lag == 0 else plus_months(known_month(month, horizon), -self.lag)

    def of_shops(self, rows: pa.Table, shops: pa.Table) -> pa.Table:
        """Name the shops of the input's rows by their own ids; of two names of a shop one number.

        Args:
            rows: the columns of the input's table but month.
            shops: ``[shop_id, alias_of]``.
        """
        keys = [name for name in self.source.keys if name != "month"]
        if self.source.has_number:
            return newest_of_names(rows, shops, keys)
        return under_own_ids(rows, shops)

    def known(self, rows: pa.Table, month: date, *, has_rows: bool) -> Known:
        """Turn rows of the month that is read into what the panel takes.

        Args:
            rows: the columns of the input's table but month and updated_at, of the keys asked for.
            month: which they are of.
            has_rows: the input has a row of that month, whatever its key.
        """
        keys = tuple(name for name in self.source.keys if name != "month")
        value = self.value(rows, month).cast(FEATURE)
        has_month = has_rows or "month" not in self.source.keys
        made = pa.table([*(rows[name] for name in keys), value], names=[*keys, "value"])
        return Known(keys, made, self.absent(month) if has_month else None)


def share(rows: pa.Table, month: date) -> pa.ChunkedArray:
    """Return the share of a month on promotion."""
    del month
    return rows["share"]


def price(rows: pa.Table, month: date) -> pa.ChunkedArray:
    """Return the planned price."""
    del month
    return rows["price"]


def stock_days(rows: pa.Table, month: date) -> pa.ChunkedArray:
    """Return the days of a month with stock."""
    return pc.max_element_wise(pc.subtract(float(days(month)), rows["days"]), 0.0)


def open_days(rows: pa.Table, month: date) -> pa.Array:
    """Return the days of a month on which a shop is open: under one or the other of its names."""
    first, length = (month - date(1970, 1, 1)).days, days(month)
    start, end = (
        pc.fill_null(rows[name].cast(pa.int32()), 0 if name == "opened_on" else 1 << 30).to_numpy()
        for name in ("opened_on", "closed_on")
    )
    each = first + np.arange(length)
    is_open = (start[:, None] <= each) & (each <= end[:, None])
    shops = pc.unique(rows[SHOP].cast(pa.string()))
    codes = pc.index_in(rows[SHOP].cast(pa.string()), shops).to_numpy()
    together = np.zeros((len(shops), length), bool)
    np.logical_or.at(together, codes, is_open)
    return pa.array(together.sum(axis=1)[codes].astype(np.float32))


def none(month: date) -> float | None:
    """Say that a key without a row promises nothing: 0."""
    del month
    return 0.0


def unknown(month: date) -> float | None:
    """Say that nothing is known of a key without a row."""
    del month
    return None


def every_day(month: date) -> float | None:
    """Say that a key without a row has every day of the month."""
    return float(days(month))


INPUT_FEATURES = (
    InputFeature("promotion_share", PROMOTIONS, 0, share, none, "share of its days on promotion"),
    InputFeature(
        "promotion_share_lag_1", PROMOTIONS, 1, share, none, "the same of the cutoff's month"
    ),
    InputFeature("planned_price", PLANNED_PRICES, 0, price, unknown, "currency per unit, planned"),
    InputFeature(
        "stock_days_lag_1", STOCK_OUTS, 1, stock_days, every_day, "days in stock, cutoff's month"
    ),
    InputFeature("shop_open_days", SHOP_DATES, 0, open_days, every_day, "days the shop is open"),
)
# By the feature that each needs.
INPUT_RATIOS = {
    "planned_price": Ratio(
        "planned_price_change", "planned_price", "item_price", "planned price by the last known"
    ),
    "stock_days_lag_1": Ratio(
        "units_per_stock_day_1", "shop_item_units_lag_1", "stock_days_lag_1", "units a day in stock"
    ),
}


def input_features(declared: Iterable[str]) -> tuple[InputFeature, ...]:
    """Return the features of the inputs that a profile declares."""
    names = set(declared)
    return tuple(feature for feature in INPUT_FEATURES if feature.source.name in names)


def input_ratios(features: Iterable[InputFeature]) -> tuple[Ratio, ...]:
    """Return the ratios that features of inputs are terms of."""
    return tuple(INPUT_RATIOS[f.name] for f in features if f.name in INPUT_RATIOS)


def input_names(features: Iterable[InputFeature]) -> list[str]:
    """Name the columns that features of inputs bring, their ratios among them."""
    known = tuple(features)
    return [feature.name for feature in known] + [ratio.name for ratio in input_ratios(known)]
