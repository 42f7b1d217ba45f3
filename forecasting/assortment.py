"""Assortment checks of a forecast: require rows, and count pairs that left since last version."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from feature_store.panel.rows import MOST_NAMED, PanelRows
from features.group import ITEM, SHOP
from ingestion.sales.span import has_live_sales
from lakehouse.delta import rows
from lakehouse.errors import RefusedError
from lakehouse.lake import Lake
from lakehouse.month_range import plus_months
from lakehouse.profile.stored import stored_profile
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

    @property
    def figures(self) -> dict[str, Any]:
        """The fields, for the job's result line."""
        return asdict(self)


def require_assortment(panel: PanelRows, cutoff: date) -> None:
    """Check that every month to forecast has panel rows.

    Args:
        panel: panel rows of the months to forecast, after the cutoff.
        cutoff: last closed month.

    Raises:
        RefusedError: a month has no rows, or was not assembled; the error names cause and remedy.
    """
    panel.files()
    empty = panel.empty_months()
    if not empty:
        return
    lake, months = panel.lake, stored_profile(panel.lake).forecast.shop_active_months
    asked = [plus_months(cutoff, -back) for back in range(months)]
    first, last = f"{asked[-1]:%Y-%m}", f"{cutoff:%Y-%m}"
    span = last if months == 1 else f"{first} to {last}"
    if any(has_live_sales(lake, month) for month in asked):
        raise RefusedError(
            f"{panel.table.path}: the assortment of {empty[0]:%Y-%m} is empty: the sales of {span} "
            "came after it was assembled (run jobs.build_features, then jobs.build_panel), or every"
            " shop that sold has closed (correct the list of shops' dates, or name --pairs)."
        )
    raise RefusedError(
        f"no shop sold in {span}, so that the assortment of {empty[0]:%Y-%m} is empty; ingest the "
        f"sales of {last}, or take back its closing by jobs.close_month --reopen {last}, then run "
        "jobs.build_features and jobs.build_panel."
    )


def count_departures(
    spark: SparkSession, lake: Lake, before: Mapping[str, Any] | None, forecasts: DataFrame
) -> Departures | None:
    """Count and print the pairs of the last version that a new version of the same kind lacks.

    Only the nearest month of the last version is compared.

    Args:
        spark: the session.
        lake: the lake that has both versions.
        before: row of gold.forecast_versions of the last version; None: no last version.
        forecasts: rows of gold.forecasts of the new version.

    Returns:
        The departures; None: no pair left.
    """
    if before is None:
        return None
    last = rows.read(spark, lake, FORECASTS).where(F.col("version") == before["version"])
    horizon = min(
        (row["horizon"] for row in last.select("horizon").distinct().collect()), default=1
    )
    nearest = last.where(F.col("horizon") == horizon)
    kept = forecasts.select(*PAIR).distinct()
    gone = nearest.join(kept, on=[*PAIR], how="left_anti")
    shops = gone.select(SHOP).distinct().join(kept, on=[SHOP], how="left_anti")
    counted = gone.agg(F.count("*"), F.sum("units")).first()
    if counted is None or not counted[0]:
        return None
    ids = sorted(row[SHOP] for row in shops.collect())
    found = Departures(
        before["version"], len(ids), ids[:MOST_NAMED], counted[0], round(float(counted[1]), 3)
    )
    tell(found)
    return found


def tell(found: Departures) -> None:
    """Print the departures."""
    shops = f"{found.shops} shops ({', '.join(found.first_shops)})" if found.shops else "no shop"
    progress(
        "forecast: %s and %d pairs with %s units of version %s left the assortment: shops that "
        "sold nothing lately, items that sold nothing for long, or withdrawn ones",
        shops, found.pairs, found.units, found.version,
    )  # fmt: skip


def are_of_one_kind(before: Mapping[str, Any] | None, inputs: str) -> bool:
    """Check whether two versions both forecast the assortment, or the same list of pairs.

    Args:
        before: row of gold.forecast_versions; None: no earlier version, so the answer is False.
        inputs: inputs of the new version, JSON as ``forecast_inputs`` writes.
    """
    if before is None:
        return False
    return bool(json.loads(before["inputs"]).get("pairs") == json.loads(inputs).get("pairs"))
