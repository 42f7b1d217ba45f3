"""Assortment checks of a forecast: require rows, and count pairs that left since last version."""

import json
from dataclasses import dataclass
from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from feature_store.panel.rows import MOST_NAMED, PanelRows
from features.group import ITEM, SHOP
from forecasting.versions import ForecastVersion
from ingestion.sales.span import has_live_sales
from lakehouse.delta import rows
from lakehouse.errors import RefusedError
from lakehouse.lake import Lake
from lakehouse.month_range import plus_months
from lakehouse.progress import progress
from lakehouse.tables.gold import FORECASTS

PAIR = (SHOP, ITEM)


@dataclass(frozen=True)
class Departures:
    """The pairs that the last version forecast and the new version does not.

    Attributes:
        version: name of the last version.
        shops: number of shops of which every pair left.
        first_shops: the first ids of the shops that left.
        pairs: number of pairs that left, including the pairs of the shops that left.
        units: units that the last version forecast for the pairs that left.
    """

    version: str
    shops: int
    first_shops: list[str]
    pairs: int
    units: float


def require_assortment(panel: PanelRows, cutoff: date, active_months: int) -> None:
    """Check that every month to forecast has panel rows.

    Args:
        panel: panel rows of the months to forecast, after the cutoff.
        cutoff: last closed month.
        active_months: number of months up to the cutoff, in one of which a shop must have sold.

    Raises:
        RefusedError: a month has no rows, or was not assembled; the error names cause and remedy.
    """
    panel.files()
    empty = panel.empty_months()
    if not empty:
        return
    active = [plus_months(cutoff, -back) for back in range(active_months)]
    first, last = f"{active[-1]:%Y-%m}", f"{cutoff:%Y-%m}"
    span = last if active_months == 1 else f"{first} to {last}"
    if any(has_live_sales(panel.lake, month) for month in active):
        raise RefusedError(
            f"{panel.table.path}: the assortment of {empty[0]:%Y-%m} is empty: the sales of {span} "
            "came after it was assembled (run jobs.build_features, then jobs.build_panel), or every"
            " shop that sold has closed (correct the list of shops' dates, or name --pairs)."
        )
    raise RefusedError(
        f"no shop sold in {span}, so the assortment of {empty[0]:%Y-%m} is empty; ingest the "
        f"sales of {last}, or take back its closing by jobs.close_month --reopen {last}, then run "
        "jobs.build_features and jobs.build_panel."
    )


def count_departures(
    lake: Lake, before: ForecastVersion | None, forecasts: DataFrame
) -> Departures | None:
    """Count and print the pairs of the last version that a new version of the same kind lacks.

    Only the nearest month of the last version is compared.

    Args:
        lake: the lake that has both versions.
        before: the last version; None: no last version.
        forecasts: rows of gold.forecasts of the new version.

    Returns:
        The departures; None: no pair left.
    """
    if before is None:
        return None
    stored = rows.read(forecasts.sparkSession, lake, FORECASTS)
    last = stored.where(F.col("version") == before.version)
    horizon = min(
        (row["horizon"] for row in last.select("horizon").distinct().collect()), default=1
    )
    nearest = last.where(F.col("horizon") == horizon)
    kept = forecasts.select(*PAIR).distinct()
    gone = nearest.join(kept, on=[*PAIR], how="left_anti")
    shops = gone.select(SHOP).distinct().join(kept, on=[SHOP], how="left_anti")
    totals = gone.agg(F.count("*"), F.sum("units")).first()
    if totals is None or not totals[0]:
        return None
    ids = sorted(row[SHOP] for row in shops.collect())
    units = round(float(totals[1]), 3)
    departures = Departures(before.version, len(ids), ids[:MOST_NAMED], totals[0], units)
    log_departures(departures)
    return departures


def log_departures(left: Departures) -> None:
    """Print the departures."""
    shops = f"{left.shops} shops ({', '.join(left.first_shops)})" if left.shops else "no shop"
    progress(
        "forecast: %s and %d pairs with %s units of version %s left the assortment: shops that "
        "sold nothing lately, items that sold nothing for long, closed shops or delisted items",
        shops, left.pairs, left.units, left.version,
    )  # fmt: skip


def are_of_one_kind(before: ForecastVersion | None, inputs: str) -> bool:
    """Check whether two versions both forecast the assortment, or the same list of pairs.

    Args:
        before: the earlier version; None: no earlier version, so the answer is False.
        inputs: inputs of the new version, JSON as ``forecast_inputs`` writes.
    """
    if before is None:
        return False
    return bool(json.loads(before.inputs).get("pairs") == json.loads(inputs).get("pairs"))
