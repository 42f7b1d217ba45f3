"""A pair's history: closed months, what had been forecast of them, and the forecasts now."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date

import orjson

from serving.lookup.answers import Asked, unknown_pair
from serving.lookup.columns import Columns
from serving.page.known import KnownShop
from serving.page.months import last_year, month_text, with_zeros
from serving.page.schemas import ComingMonth, Earlier, PairHistory, SoldMonth
from serving.page.shop_past import PastForecast
from serving.page.sight import Sight


def require_pair(sight: Sight, known: KnownShop, asked: Asked) -> None:
    """Check that a pair was sold or forecast.

    Args:
        sight: served version and state of the lake.
        known: the pair's shop.
        asked: the pair as it was asked.

    Raises:
        ProblemError: the pair was neither sold nor forecast (status 404).
    """
    is_forecast = known.columns.rows_of(known.shop_id, asked.item_id)
    if not is_forecast and not closed_units(sight, known, asked.item_id):
        raise unknown_pair(sight.view, known.columns, asked)


def closed_units(sight: Sight, known: KnownShop, item_id: str) -> Mapping[date, float]:
    """Return the units of an item in each closed month since the first sale."""
    return with_zeros(known.past.units_of(item_id), sight.state.closed)


def pair_history(sight: Sight, known: KnownShop, item_id: str) -> PairHistory:
    """Join what is known of a pair.

    Args:
        sight: served version and state of the lake.
        known: the pair's shop.
        item_id: the pair's item.
    """
    item = known.catalogue.name_of(item_id)
    units = closed_units(sight, known, item_id)
    pair = known.shop_id, item_id
    rows = known.columns.rows_of(*pair)
    overrides = sight.view.snapshot.overrides.texts_of(known.columns, pair, rows)
    return PairHistory(
        **sight.served.model_dump(),
        shop_id=known.shop_id,
        shop_name=sight.view.snapshot.shops.names.get(known.shop_id),
        item_id=item_id,
        item_name=item.name,
        category_name=item.category,
        months=sold_months(units, known.past.forecasts_of(item_id)),
        forecasts=coming_months(known.columns, overrides, rows, units),
    )


def sold_months(
    units: Mapping[date, float], forecasts: Mapping[date, PastForecast]
) -> list[SoldMonth]:
    """Return the closed months of a pair with what had been forecast of them."""
    return [
        SoldMonth(
            month=month_text(month),
            units=sold,
            last_year=last_year(units, month),
            forecast=Earlier(**asdict(forecasts[month])) if month in forecasts else None,
        )
        for month, sold in units.items()
    ]


def coming_months(
    columns: Columns, overrides: Mapping[int, bytes], rows: range, units: Mapping[date, float]
) -> list[ComingMonth]:
    """Return the forecasts of a pair, with the numbers that lookups write.

    Args:
        columns: forecasts of the version, with those of the pair.
        overrides: row → the planner's number as a JSON object; other rows have none.
        rows: the rows of the pair.
        units: month → units sold.
    """
    written = orjson.loads(b"[%s]" % columns.text_of(rows, overrides))
    return [
        ComingMonth(**forecast, last_year=last_year(units, columns.kind_of(row).month))
        for row, forecast in zip(rows, written, strict=True)
    ]
