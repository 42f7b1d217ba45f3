"""A shop's summary: total units by month, forecast and sold, and the greatest misses."""

from collections.abc import Iterator, Mapping
from datetime import date

import numpy as np
import pyarrow as pa

from serving.lookup.columns import Columns
from serving.page.catalogue import Catalogue
from serving.page.months import last_year, month_text, with_zeros
from serving.page.schemas import ComingShopMonth, Miss, ShopMonth, ShopSummary
from serving.page.shop_past import ShopPast
from serving.page.sight import Sight


def shop_summary(
    sight: Sight, columns: Columns, past: ShopPast, catalogue: Catalogue, shop_id: str
) -> ShopSummary:
    """Sum up a shop; the misses are all listed, the greatest first.

    Args:
        sight: served version and state of the lake.
        columns: forecasts of the version, with those of the shop.
        past: closed months of the shop.
        catalogue: names of items.
        shop_id: shop, aliases resolved.
    """
    month = sight.state.last_closed
    units = with_zeros(totals(past.sales), sight.state.closed)
    forecasts = totals(past.forecasts)
    return ShopSummary(
        **sight.served.model_dump(),
        shop_id=shop_id,
        shop_name=sight.view.snapshot.shops.names.get(shop_id),
        months=[
            ShopMonth(
                month=month_text(month),
                units=sold,
                last_year=last_year(units, month),
                forecast=forecasts.get(month),
            )
            for month, sold in units.items()
        ],
        forecasts=list(coming_totals(columns, shop_id, units)),
        misses_month=None if month is None else month_text(month),
        misses=[] if month is None else misses_of(past, catalogue, month),
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


def misses_of(past: ShopPast, catalogue: Catalogue, month: date) -> list[Miss]:
    """Compare the forecasts of a month with the units sold, the greatest difference first."""
    sold = past.units_in(month)
    misses = [
        Miss(
            item_id=item_id,
            item_name=catalogue.name_of(item_id).name,
            units=sold.get(item_id, 0.0),
            forecast=forecast.units,
            p10=forecast.p10,
            p90=forecast.p90,
        )
        for item_id, forecast in past.forecasts_in(month).items()
    ]
    return sorted(misses, key=lambda miss: (-abs(miss.units - miss.forecast), miss.item_id))
