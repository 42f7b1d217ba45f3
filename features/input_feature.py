"""Features of the optional inputs: plans for the target month, and past days in stock."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.calendar import days
from features.group import SHOP
from features.horizon import known_month
from features.own_ids import newest_of_names, resolve_aliases
from features.ratio import Ratio
from lakehouse.month_range import plus_months
from lakehouse.tables.inputs import PLANNED_PRICES, PROMOTIONS, SHOP_DATES, STOCK_OUTS, Input
from lakehouse.types import FEATURE


@dataclass(frozen=True)
class Known:
    """The values that an input has for the rows of a panel.

    Attributes:
        keys: key columns of ``rows``.
        rows: ``[*keys, value]``, unique on the keys.
        absent: the value of a key without a row; None: the value is not known.
    """

    keys: tuple[str, ...]
    rows: pa.Table
    absent: float | None


@dataclass(frozen=True)
class InputFeature:
    """A panel column that is computed from an optional input.

    Attributes:
        name: the column's name.
        source: the input.
        lag: month that is read: 0 is the target month, 1 the cutoff, 2 the month before the
            cutoff, and so on.
        value: rows of the input's table and the month that is read → values of the column.
        absent: the month that is read → the value of a key without a row, used where the input
            has any row of that month; None: the value is not known.
        comment: the column's meaning, with the unit.

    Raises:
        ValueError: the lag is 0 and the input is not known ahead, or the lag is negative; use a
            lag of 1 or more.
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
        """Return the month of the input that panel rows of a target month read."""
        return month if self.lag == 0 else plus_months(known_month(month, horizon), -self.lag)

    def of_shops(self, rows: pa.Table, shops: pa.Table) -> pa.Table:
        """Resolve shop aliases in an input's rows.

        An input with one number per key keeps only the newest row of a shop with several names.

        Args:
            rows: the columns of the input's table without ``month``.
            shops: ``[shop_id, alias_of]``.
        """
        keys = [name for name in self.source.keys if name != "month"]
        if self.source.has_number:
            return newest_of_names(rows, shops, keys)
        return resolve_aliases(rows, shops)

    def known(self, rows: pa.Table, month: date, *, has_rows: bool) -> Known:
        """Turn an input's rows of one month into values for the panel.

        Args:
            rows: the key columns of the input without ``month``, and the columns that ``value``
                reads; only the keys wanted.
            month: the month that is read.
            has_rows: whether the input has any row of that month, for any key.
        """
        keys = tuple(name for name in self.source.keys if name != "month")
        value = self.value(rows, month).cast(FEATURE)
        has_month = has_rows or "month" not in self.source.keys
        keyed = pa.table([*(rows[name] for name in keys), value], names=[*keys, "value"])
        return Known(keys, keyed, self.absent(month) if has_month else None)


def share(rows: pa.Table, month: date) -> pa.ChunkedArray:
    """Return the share of the month's days on promotion, 0 to 1."""
    del month
    return rows["share"]


def price(rows: pa.Table, month: date) -> pa.ChunkedArray:
    """Return the planned price, in currency per unit."""
    del month
    return rows["price"]


def stock_days(rows: pa.Table, month: date) -> pa.ChunkedArray:
    """Return the number of days with stock: the month's days minus the days out of stock."""
    return pc.max_element_wise(pc.subtract(float(days(month)), rows["days"]), 0.0)


def open_days(rows: pa.Table, month: date) -> pa.Array:
    """Return the number of days of a month on which each shop is open.

    A shop with several rows, one per name, is open on a day if any row has the shop open.
    """
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
    """Return 0 as the value of a key without a row."""
    del month
    return 0.0


def unknown(month: date) -> float | None:
    """Return None: the value of a key without a row is not known."""
    del month
    return None


def every_day(month: date) -> float | None:
    """Return all days of the month as the value of a key without a row."""
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
# Name of the input feature that the ratio needs → ratio.
INPUT_RATIOS = {
    "planned_price": Ratio(
        "planned_price_change", "planned_price", "item_price", "planned price by the last known"
    ),
    "stock_days_lag_1": Ratio(
        "units_per_stock_day_1", "shop_item_units_lag_1", "stock_days_lag_1", "units a day in stock"
    ),
}


def input_features(declared: Iterable[str]) -> tuple[InputFeature, ...]:
    """Return the features of the declared inputs.

    Args:
        declared: names of inputs.
    """
    names = set(declared)
    return tuple(feature for feature in INPUT_FEATURES if feature.source.name in names)


def input_ratios(features: Iterable[InputFeature]) -> tuple[Ratio, ...]:
    """Return the ratios that need one of the given input features."""
    return tuple(INPUT_RATIOS[f.name] for f in features if f.name in INPUT_RATIOS)


def input_names(features: Iterable[InputFeature]) -> list[str]:
    """List the columns of input features, followed by the columns of their ratios."""
    declared = tuple(features)
    return [feature.name for feature in declared] + [ratio.name for ratio in input_ratios(declared)]
