"""The assortment of a forecast: that there is one, and what left it since the last version."""

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
    """What the last version forecast and the new one does not.

    Attributes:
        version: the last version.
        shops: how many shops left whole.
        first_shops: the first of their ids.
        pairs: how many pairs left, those of the shops among them.
        units: units that the last version forecast of the pairs.
    """

    version: str
    shops: int
    first_shops: list[str]
    pairs: int
    units: float

    @property
    def figures(self) -> dict[str, Any]:
        """Return the counts as a part of a result line."""
        return asdict(self)


def require_assortment(panel: PanelRows, cutoff: date) -> None:
    """Check that the months to forecast have rows.

    Args:
        panel: the months after the cutoff.
        cutoff: last closed month.

    Raises:
        RefusedError: a month has none, or was not assembled; says why and what to do.
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
    """Count what the last version forecast and a new one of the same kind does not, and tell.

    Args:
        spark: the session.
        lake: whose forecasts they are.
        before: row of gold.forecast_versions of the last version; None: there is none.
        forecasts: rows of gold.forecasts of the new version.

    Returns:
        None: nothing left.
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
    """Print what left."""
    shops = f"{found.shops} shops ({', '.join(found.first_shops)})" if found.shops else "no shop"
    progress(
        "forecast: %s and %d pairs with %s units of version %s left the assortment: shops that "
        "sold nothing lately, items that sold nothing for long, or withdrawn ones",
        shops, found.pairs, found.units, found.version,
    )  # fmt: skip


def are_of_one_kind(before: Mapping[str, Any] | None, inputs: str) -> bool:
    """Say whether two versions forecast the assortment, or the same list of pairs.

    Args:
        before: row of gold.forecast_versions.
        inputs: of the new version, as ``forecast_inputs`` writes them.
    """
    if before is None:
        return False
    return bool(json.loads(before["inputs"]).get("pairs") == json.loads(inputs).get("pairs"))
