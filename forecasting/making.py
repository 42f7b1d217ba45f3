"""Making of a forecast version: the champions' forecasts of the months after the cutoff."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from feature_store.panel.rows import PanelRows
from features.feature_set import SPINES, FeatureSet
from forecasting.assortment import require_assortment
from forecasting.known_ids import known_ids, of_known, unknown_ids
from forecasting.pairs import pair_rows
from forecasting.rows import Origin, sound_rows
from forecasting.versions import PUBLISHED
from forecasting.withdrawn import still_there
from lakehouse.delta import rows
from lakehouse.errors import RefusedError
from lakehouse.lake import Lake
from lakehouse.month_range import plus_months
from lakehouse.profile.profile import bounds_of
from lakehouse.profile.stored import stored_profile
from lakehouse.progress import progress
from lakehouse.tables.gold import FORECASTS
from modelling.estimators.estimator import Model
from modelling.registry.recipe import Recipe
from modelling.registry.registry import Registry
from modelling.registry.tracking import Tracking


@dataclass(frozen=True)
class Forecasting:
    """Makes one forecast version.

    Attributes:
        lake: the lake that has the features and receives the forecasts.
        features: the features that the code and profile declare.
        cutoff: last month whose sales are visible.
        version: name of the version.
        now: time at which the version is made.
        pairs: ``[shop_id, item_id, …]`` to forecast, with known ids; None: the assortment.
    """

    lake: Lake
    features: FeatureSet
    cutoff: date
    version: str
    now: datetime
    pairs: DataFrame | None

    def forecasts(self, spark: SparkSession, horizon: int, run: str, model: Model) -> DataFrame:
        """Forecast one horizon's month: rows of gold.forecasts, checked and persisted.

        Raises:
            RefusedError: the month has no panel rows, or was not assembled; the error names cause
                and remedy.
            UnsoundForecastError: the model's forecasts are unsound; mend the estimator, or roll
                back the champion.
        """
        month = plus_months(self.cutoff, horizon)
        progress("forecast: %s", f"{month:%Y-%m}")
        if self.pairs is None:
            panel = PanelRows(self.lake, self.features, SPINES[0], (month,), horizon)
            require_assortment(panel, self.cutoff)
            rows_ = panel.frame(spark)
        else:
            pairs = still_there(spark, self.lake, self.pairs, month)
            rows_ = pair_rows(self.lake, self.features, month, pairs, horizon)
        origin = Origin(self.version, self.cutoff, horizon, run, self.now)
        return sound_rows(model, rows_, origin, bounds_of(stored_profile(self.lake).target_clip))

    def kept(self, spark: SparkSession, forecasts: DataFrame) -> DataFrame:
        """Append forecasts to gold.forecasts, and read the version's rows back.

        The rows are not served until ``publish`` adds the version to gold.forecast_versions. The
        rows go into few files, because upkeep never compacts the files of a version.
        """
        files = -(-forecasts.count() // rows.ROWS_PER_FILE)
        rows.append(self.lake, FORECASTS, forecasts.coalesce(max(1, files)))
        return rows.read(spark, self.lake, FORECASTS).where(F.col("version") == self.version)

    def row(self, count: int, runs: Mapping[int, str], inputs: str) -> dict[str, Any]:
        """Make the version's row of gold.forecast_versions, which publishes the version."""
        return {
            "version": self.version,
            "cutoff": self.cutoff,
            "model": ",".join(dict.fromkeys(runs.values())),
            "inputs": inputs,
            "rows": count,
            "status": PUBLISHED,
            "published_at": self.now,
        }


def champion(tracking: Tracking, features: FeatureSet, horizon: int) -> tuple[str, Recipe]:
    """Return the MLflow run and the recipe of a horizon's champion.

    Raises:
        RefusedError: the horizon has no champion, or the champion has no recipe or reads features
            that are no longer declared; train and promote.
    """
    registry = Registry(tracking)
    run = registry.champion(horizon).run
    recipe = tracking.recipe(run)
    gone = (
        set(recipe.features) - set(features.names) if recipe else {"features that no recipe lists"}
    )
    if recipe is None or gone:
        raise RefusedError(
            f"{registry.name(horizon)}: the champion reads {min(gone)}, no longer declared "
            f"({len(gone)} such); run jobs.train, then jobs.promote --horizons {horizon}."
        )
    return run, recipe


def sorted_out(
    spark: SparkSession, lake: Lake, features: FeatureSet, listed: DataFrame | None
) -> tuple[DataFrame | None, dict[str, Any]]:
    """Split a list of pairs into pairs with known ids and a summary of unknown ids.

    A summary that is not empty is also printed.

    Returns:
        The pairs with known ids, None without a list; and the summary as ``unknown_ids`` returns.
    """
    if listed is None:
        return None, {}
    known = known_ids(spark, lake, features)
    unknown = unknown_ids(listed, known)
    if unknown:
        progress("forecast: pairs of unknown shops or items are not forecast: %s", unknown)
    return of_known(listed, known), unknown
