"""A shop's summary: total units by month, forecast and sold, and the greatest misses."""

from collections.abc import Iterator, Mapping
from datetime import date
from heapq import nsmallest

import numpy as np
import pyarrow as pa

from serving.lookup.columns import Columns
from serving.page.known import KnownShop
from serving.page.months import last_year, month_text, with_zeros
from serving.page.schemas import ComingShopMonth, Miss, ShopMonth, ShopSummary
from serving.page.sight import Sight


def shop_summary(sight: Sight, known: KnownShop, most_misses: int) -> ShopSummary:
    """Sum up a shop.

    Args:
        sight: served version and state of the lake.
        known: the shop.
        most_misses: how many misses to list, the greatest first.
    """
    last = sight.state.last_closed
    units = with_zeros(totals(known.past.sales), sight.state.closed)
    forecasts = totals(known.past.forecasts)
    return ShopSummary(
        **sight.served.model_dump(),
        shop_id=known.shop_id,
        shop_name=sight.view.snapshot.shops.names.get(known.shop_id),
        months=[
            ShopMonth(
                month=month_text(month),
                units=sold,
                last_year=last_year(units, month),
                forecast=forecasts.get(month),
            )
            for month, sold in units.items()
        ],
        forecasts=list(coming_totals(known.columns, known.shop_id, units)),
        misses_month=None if last is None else month_text(last),
        misses=[] if last is None else misses_of(known, last, most_misses),
    )


def totals(rows: pa.Table) -> dict[date, float]:
    """Sum the units of rows by month, rounded to the thousandths that sales have."""
    sums = rows.group_by("month").aggregate([("units", "sum")])
    months, units = sums["month"].to_pylist(), sums["units_sum"].to_pylist()
    return {month: round(total, 3) for month, total in zip(months, units, strict=True)}


def coming_totals(
    columns: Columns, shop_id: str, units: Mapping[date, float]
) -> Iterator[ComingShopMonth]:
    """Sum the forecasts of a shop by month."""
    places = columns.pairs_of_shop(shop_id)
    starts = columns.arrays["starts"]
    rows = slice(int(starts[places.start]), int(starts[places.stop]))
    kinds = columns.kinds_of(rows).astype(np.int64)
    sums = np.bincount(kinds, columns.values("units", rows), len(columns.kinds))
    counts = np.bincount(kinds, minlength=len(columns.kinds))
    for month in sorted({kind.month for kind in columns.kinds}):
        of_month = [n for n, kind in enumerate(columns.kinds) if kind.month == month]
        if items := int(counts[of_month].sum()):
            yield ComingShopMonth(
                month=month_text(month),
                horizon=columns.kinds[of_month[0]].horizon,
                units=round(float(sums[of_month].sum()), 3),
                items=items,
                last_year=last_year(units, month),
            )


def misses_of(known: KnownShop, month: date, most: int) -> list[Miss]:
    """Compare the forecasts of a month with the units sold, the greatest difference first."""
    sold, forecasts = known.past.units_in(month), known.past.forecasts_in(month)
    misses = {item: sold.get(item, 0.0) - forecast.units for item, forecast in forecasts.items()}
    greatest = nsmallest(most, misses, key=lambda item: (-abs(misses[item]), item))
    return [
        Miss(
            item_id=item,
            item_name=known.catalogue.name_of(item).name,
            units=sold.get(item, 0.0),
            forecast=forecasts[item].units,
            p10=forecasts[item].p10,
            p90=forecasts[item].p90,
        )
        for item in greatest
    ]
