r"""Rival model: mlforecast with LightGBM, as an estimator scored on the same rows as shopcast's.

    pip install -c constraints.txt -e '.[rivals]'
    python -m jobs.backtest --lake URI \
        --estimators profile,benchmarks.rival_mlforecast:MLForecastRival

Follows mlforecast's documentation: a series per pair from the pair's first sale, months without
sales zero, lags, rolling and expanding means, shop, item and category as static features, the month
as a date feature. One process fits all series, as mlforecast does. A pair without a series gets 0.
"""

import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from features.feature_set import TARGET
from features.group import CATEGORY, ITEM, SHOP
from features.tables import monthly_table
from lakehouse.delta.arrow import read_table
from lakehouse.tables.silver import ITEMS
from modelling.estimators.estimator import EstimatorSettings
from modelling.estimators.quantiles import QUANTILES

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from feature_store.panel.rows import PanelRows

LAGS = (1, 2, 3, 6, 12)
WINDOWS = (3, 6, 12)
STATIC = [SHOP, ITEM, CATEGORY]
FILE = "forecasts.pkl"


@dataclass(frozen=True)
class Forecasts:
    """Forecasts of a fitted rival for the months after the cutoff.

    Attributes:
        spark: the session.
        rows: ``[shop_id, item_id, month, forecast]``, forecast in units.
        bounds: lowest and highest forecast, units.
    """

    spark: "SparkSession"
    rows: pd.DataFrame
    bounds: tuple[float, float]

    def predict(self, rows: "DataFrame") -> "DataFrame":
        """Join the forecasts to rows; a pair without a series gets 0, quantiles are null."""
        from pyspark.sql import functions as F

        mine = self.spark.createDataFrame(self.rows)
        joined = rows.join(mine, on=[SHOP, ITEM, "month"], how="left")
        low, high = (F.lit(bound).cast("float") for bound in self.bounds)
        found = F.coalesce(F.col("forecast").cast("float"), F.lit(0.0).cast("float"))
        nothing = {name: F.lit(None).cast("float") for name in QUANTILES}
        bounded = F.greatest(F.least(found, high), low)
        return joined.withColumns({"forecast": bounded, **nothing}).select(
            *rows.columns, "forecast", *QUANTILES
        )

    def importance(self) -> Mapping[str, float]:
        """Return an empty mapping, because the rival does not use shopcast's features."""
        return {}

    def save(self, folder: Path) -> None:
        """Save the forecasts in a folder."""
        (folder / FILE).write_bytes(pickle.dumps(self.rows))


class MLForecastRival:
    """mlforecast and LightGBM with their defaults."""

    name = "mlforecast_lightgbm"

    def __init__(self, settings: EstimatorSettings) -> None:
        self._bounds = settings.bounds

    def fit(self, rows: "PanelRows", spark: "SparkSession") -> Forecasts:
        """Fit the series up to the last month of the rows, and forecast the horizon."""
        made = fitted(series(rows)).predict(rows.horizon)
        pairs = made["unique_id"].str.split("|", expand=True)
        found = pd.DataFrame(
            {SHOP: pairs[0], ITEM: pairs[1], "month": made["ds"].dt.date, "forecast": made[MODEL]}
        )
        return Forecasts(spark, found, self._bounds)

    def describe(self) -> Mapping[str, Any]:
        """Return the parameters: lags, windows and static features."""
        return {"lags": LAGS, "windows": WINDOWS, "static": STATIC}

    def load(self, folder: Path) -> Forecasts:
        """Refuse to load: a rival is only measured, never served.

        Raises:
            NotImplementedError: always.
        """
        raise NotImplementedError(f"{folder}: a rival is only measured")


MODEL = "LGBMRegressor"


def fitted(history: pd.DataFrame) -> Any:
    """Fit mlforecast.

    Args:
        history: ``[unique_id, ds, y, *STATIC]``, y in units; a row per pair and month.
    """
    from lightgbm import LGBMRegressor
    from mlforecast import MLForecast
    from mlforecast.lag_transforms import ExpandingMean, RollingMean

    # A lag longer than every series would leave no row to learn from.
    longest = history.groupby("unique_id", observed=True).size().max()
    means = [RollingMean(window, min_samples=1) for window in WINDOWS]
    forecaster = MLForecast(
        models=LGBMRegressor(verbosity=-1, n_jobs=2),
        freq="MS",
        lags=[lag for lag in LAGS if lag < longest - 1],
        lag_transforms={1: [*means, ExpandingMean()]},
        date_features=["month"],
    )
    return forecaster.fit(history, static_features=STATIC)


def series(rows: "PanelRows") -> pd.DataFrame:
    """Read the monthly units of every pair, from the pair's first sale to the rows' last month.

    Returns:
        ``[unique_id, ds, y, *STATIC]``; a month without sales counts as 0 units.
    """
    table, last = monthly_table(rows.features.groups[0]), max(rows.months)
    cells = read_table(
        rows.lake, table, [SHOP, ITEM, "month", TARGET, "sales"], [("month", "<=", last)]
    ).to_pandas()
    sold = cells[cells["sales"] > 0].assign(y=lambda cell: cell[TARGET].astype(float))
    sold["ds"] = pd.to_datetime(sold["month"])
    first = sold.groupby([SHOP, ITEM], as_index=False)["ds"].min()
    months = pd.DataFrame({"ds": pd.date_range(first["ds"].min(), last, freq="MS")})
    dense = first.rename(columns={"ds": "first"}).merge(months, how="cross")
    dense = dense[dense["ds"] >= dense["first"]].drop(columns="first")
    dense = dense.merge(sold[[SHOP, ITEM, "ds", "y"]], on=[SHOP, ITEM, "ds"], how="left")
    items = read_table(rows.lake, ITEMS, [ITEM, CATEGORY]).to_pandas()
    whole = dense.fillna({"y": 0.0}).merge(items, on=ITEM, how="left")
    whole["unique_id"] = whole[SHOP] + "|" + whole[ITEM]
    return whole.astype(dict.fromkeys(STATIC, "category"))
