"""The past of one shop: units sold by item and month, and what had been forecast of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lakehouse.delta import log
from lakehouse.delta.arrow import Filters, read_table
from lakehouse.lake import Lake
from lakehouse.table import Table
from lakehouse.tables.gold import FORECASTS
from serving.page.cells import PAIR_CELLS
from serving.page.lake_state import LakeState

ITEM_MONTH = ["item_id", "month"]
NUMBERS = ("units", "p10", "p90")


@dataclass(frozen=True)
class PastForecast:
    """What was forecast of a month that has closed.

    Attributes:
        version: forecast version.
        horizon: months from cutoff to target month.
        units: mean units forecast.
        p10: 10 % quantile of units; None: not fitted.
        p90: 90 % quantile of units; None: not fitted.
    """

    version: str
    horizon: int
    units: float
    p10: float | None
    p90: float | None


@dataclass(frozen=True)
class ShopPast:
    """The closed months of a shop.

    Attributes:
        sales: ``[item_id, month, units]``, unique item and month, units as float64.
        forecasts: ``[item_id, month, version, horizon, units, p10, p90]``, unique item and month:
            of several forecasts, the one made last before the month.
    """

    sales: pa.Table
    forecasts: pa.Table

    def units_of(self, item_id: str) -> Mapping[date, float]:
        """Return the units of an item by month; a month without sale or offer is missing."""
        rows = self.sales.filter(pc.field("item_id") == item_id)
        return dict(zip(rows["month"].to_pylist(), rows["units"].to_pylist(), strict=True))

    def forecasts_of(self, item_id: str) -> Mapping[date, PastForecast]:
        """Return the past forecasts of an item by month."""
        rows = self.forecasts.filter(pc.field("item_id") == item_id)
        return dict(zip(rows["month"].to_pylist(), past_forecasts(rows), strict=True))

    def forecasts_in(self, month: date) -> Mapping[str, PastForecast]:
        """Return the past forecasts of a month by item."""
        rows = self.forecasts.filter(pc.field("month") == month)
        return dict(zip(rows["item_id"].to_pylist(), past_forecasts(rows), strict=True))

    def units_in(self, month: date) -> Mapping[str, float]:
        """Return the units of a month by item."""
        rows = self.sales.filter(pc.field("month") == month)
        return dict(zip(rows["item_id"].to_pylist(), rows["units"].to_pylist(), strict=True))


def read_shop_past(lake: Lake, state: LakeState, shop_id: str) -> ShopPast:
    """Read the closed months of a shop.

    Args:
        lake: the lake to read; missing tables count as empty.
        state: names the closed months and the published versions.
        shop_id: shop, aliases resolved.
    """
    of_shop: Filters = [("shop_id", "=", shop_id), ("month", "in", list(state.closed))]
    sales = read_existing(lake, PAIR_CELLS, [*ITEM_MONTH, "units"], of_shop)
    units = pc.cast(sales["units"], pa.float64())
    names = [*ITEM_MONTH, "version", "horizon", *NUMBERS]
    past = [("version", "in", state.published), *of_shop]
    forecasts = last_forecasts(read_existing(lake, FORECASTS, names, past))
    return ShopPast(sales.set_column(2, "units", units), forecasts)


def read_existing(lake: Lake, table: Table, columns: list[str], filters: Filters) -> pa.Table:
    """Read rows of a table; a table that was never created has none."""
    if not log.exists(lake, table):
        return table.schema.empty_table().select(columns)
    return read_table(lake, table, columns, filters)


def last_forecasts(rows: pa.Table) -> pa.Table:
    """Keep one forecast per item and month: that of the shortest horizon, then the newest.

    Numbers become the float64 that lookups write, which have the shortest text of the float32.
    """
    order = [(name, "ascending") for name in (*ITEM_MONTH, "horizon")]
    rows = rows.sort_by([*order, ("version", "descending")]).combine_chunks()
    items = rows["item_id"].to_numpy()
    months = rows["month"].to_numpy()
    is_first = np.ones(len(rows), bool)
    is_first[1:] = (items[1:] != items[:-1]) | (months[1:] != months[:-1])
    rows = rows.filter(pa.array(is_first))
    for name in NUMBERS:
        written = rows[name].cast(pa.string()).cast(pa.float64())
        rows = rows.set_column(rows.schema.get_field_index(name), name, written)
    return rows


def past_forecasts(rows: pa.Table) -> list[PastForecast]:
    """Return rows of ``ShopPast.forecasts`` as objects."""
    names = list(PastForecast.__dataclass_fields__)
    return [PastForecast(**row) for row in rows.select(names).to_pylist()]
