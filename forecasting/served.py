"""Served forecasts of a closed month, joined with the features at the cutoff and the actuals."""

from dataclasses import dataclass

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from features.feature_set import TARGET, FeatureSet
from features.group import ITEM, SHOP
from features.tables import monthly_table
from forecasting.due_for_scoring import DueForecasts
from forecasting.pairs import pair_rows
from lakehouse.delta import rows
from lakehouse.lake import Lake
from lakehouse.tables.gold import FORECASTS
from modelling.estimators.predict import FORECAST
from modelling.estimators.quantiles import QUANTILES

PAIR = [SHOP, ITEM]


@dataclass(frozen=True)
class Served:
    """Stored forecasts with the interface of a fitted model.

    Attributes:
        forecasts: rows of gold.forecasts of one version and month, unique on the pair.
    """

    forecasts: DataFrame

    def predict(self, rows: DataFrame) -> DataFrame:
        """Add ``forecast p10 p50 p90 p95`` to rows; drop rows whose pair was not forecast."""
        forecasts = self.forecasts.select(*PAIR, F.col("units").alias(FORECAST), *QUANTILES)
        return rows.join(forecasts, on=PAIR, how="inner")


def served_rows(spark: SparkSession, lake: Lake, due: DueForecasts) -> Served:
    """Read a version's forecasts of a month from gold.forecasts."""
    stored = rows.read(spark, lake, FORECASTS)
    is_due = (F.col("version") == due.version) & (F.col("month") == due.month)
    return Served(stored.where(is_due))


def actual_rows(
    spark: SparkSession, lake: Lake, features: FeatureSet, due: DueForecasts, served: Served
) -> DataFrame:
    """Join a version's pairs with their features at the version's cutoff and their actual units.

    Returns:
        The columns of ``panel_table``, one row per pair; the target is 0 for a pair without sales
        in the month.
    """
    panel = pair_rows(lake, features, due.month, served.forecasts, due.horizon).drop(TARGET)
    cells = rows.read(spark, lake, monthly_table(features.groups[0])).where(
        F.col("month") == due.month
    )
    sold = cells.select(*PAIR, F.col(TARGET).cast("float").alias(TARGET))
    joined = panel.join(sold, on=PAIR, how="left")
    return joined.withColumn(TARGET, F.coalesce(TARGET, F.lit(0.0)).cast("float"))
