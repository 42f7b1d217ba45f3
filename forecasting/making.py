"""Making of a forecast version: the champions' forecasts of the months after the cutoff."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from functools import cached_property, reduce

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from feature_store.panel.rows import PanelRows
from features.feature_set import SPINES, FeatureSet, feature_set
from forecasting.assortment import require_assortment
from forecasting.known_ids import UnknownIds, known_ids, of_known, unknown_ids
from forecasting.pairs import pair_rows
from forecasting.rows import Origin, sound_rows
from forecasting.versions import ForecastVersion, forecast_inputs
from forecasting.withdrawn import drop_withdrawn
from lakehouse.delta import rows
from lakehouse.errors import RefusedError
from lakehouse.forecast_versions import PUBLISHED
from lakehouse.lake import Lake
from lakehouse.month_range import plus_months
from lakehouse.profile.profile import Profile, bounds_of
from lakehouse.progress import progress
from lakehouse.tables.gold import FORECASTS
from modelling.estimators.estimator import Model
from modelling.promotion.champions import require_champion
from modelling.registry.recipe import Recipe
from modelling.registry.registry import Registry
from modelling.registry.tracking import Tracking


@dataclass(frozen=True)
class Champion:
    """A champion that forecasts.

    Attributes:
        run: MLflow run that made the model.
        recipe: recipe of the model.
    """

    run: str
    recipe: Recipe


@dataclass(frozen=True)
class Forecasting:
    """Makes one forecast version.

    Attributes:
        lake: the lake that has the features and receives the forecasts.
        profile: the lake's profile.
        cutoff: last month whose sales are visible.
        now: time at which the version is made.
        champions: horizon → champion.
    """

    lake: Lake
    profile: Profile
    cutoff: date
    now: datetime
    champions: Mapping[int, Champion]

    @cached_property
    def features(self) -> FeatureSet:
        """The features that the code and profile declare."""
        return feature_set(self.profile)

    @property
    def version(self) -> str:
        """The name of the version; names sort by time."""
        return f"{self.now:%Y%m%dT%H%M%S.%fZ}"

    @property
    def first_month(self) -> date:
        """The month of the smallest horizon."""
        return plus_months(self.cutoff, min(self.champions))

    def inputs(self, pairs: str | None) -> str:
        """Write the inputs of the version as JSON; ``pairs``: path of a list, None: none."""
        runs = {horizon: champion.run for horizon, champion in self.champions.items()}
        return forecast_inputs(self.lake, self.features, self.cutoff, runs, pairs)

    def forecasts(
        self, spark: SparkSession, tracking: Tracking, pairs: DataFrame | None
    ) -> DataFrame:
        """Forecast the months of all horizons: rows of gold.forecasts, checked and persisted.

        Args:
            spark: the session.
            tracking: the lake's MLflow runs.
            pairs: ``[shop_id, item_id, …]`` to forecast, with known ids; None: the assortment.

        Raises:
            RefusedError: a month has no panel rows, or was not assembled; the error names cause
                and remedy.
            UnsoundForecastError: a model's forecasts are unsound; mend the estimator, or roll
                back the champion.
        """
        by_horizon = []
        for horizon, champion in self.champions.items():
            model = tracking.model(champion.run, champion.recipe)
            asked = self.rows(spark, horizon, pairs)
            by_horizon.append(self.sound_forecasts(model, asked, horizon))
        return reduce(DataFrame.unionByName, by_horizon)

    def rows(self, spark: SparkSession, horizon: int, pairs: DataFrame | None) -> DataFrame:
        """Return the panel rows to forecast at a horizon; the target is null."""
        month = plus_months(self.cutoff, horizon)
        progress("forecast: %s", f"{month:%Y-%m}")
        if pairs is None:
            panel = PanelRows(self.lake, self.features, SPINES[0], (month,), horizon)
            require_assortment(panel, self.cutoff, self.profile.forecast.shop_active_months)
            return panel.frame(spark)
        kept = drop_withdrawn(self.lake, self.profile, pairs, month)
        return pair_rows(self.lake, self.features, month, kept, horizon)

    def sound_forecasts(self, model: Model, asked: DataFrame, horizon: int) -> DataFrame:
        """Forecast panel rows of a horizon, check and persist the forecasts."""
        run = self.champions[horizon].run
        origin = Origin(self.version, self.cutoff, horizon, run, self.now)
        return sound_rows(model, asked, origin, bounds_of(self.profile.target_clip))

    def append(self, spark: SparkSession, forecasts: DataFrame) -> DataFrame:
        """Append forecasts to gold.forecasts, and read the version's rows back.

        The rows are not served until ``publish`` adds the version to gold.forecast_versions. The
        rows go into few files, because upkeep never compacts the files of a version.
        """
        files = -(-forecasts.count() // rows.ROWS_PER_FILE)
        rows.append(self.lake, FORECASTS, forecasts.coalesce(max(1, files)))
        return rows.read(spark, self.lake, FORECASTS).where(F.col("version") == self.version)

    def row(self, count: int, inputs: str) -> ForecastVersion:
        """Make the version's row of gold.forecast_versions, which publishes the version."""
        runs = dict.fromkeys(champion.run for champion in self.champions.values())
        return ForecastVersion(
            version=self.version,
            cutoff=self.cutoff,
            model=",".join(runs),
            inputs=inputs,
            rows=count,
            status=PUBLISHED,
            published_at=self.now,
        )


def usable_champion(lake: Lake, tracking: Tracking, features: FeatureSet, horizon: int) -> Champion:
    """Return a horizon's champion, and check that the declared features serve the model.

    Raises:
        RefusedError: the horizon has no champion, or the champion has no recipe or reads features
            that are no longer declared; train and promote.
    """
    registry = Registry(tracking)
    run = require_champion(lake, registry, horizon).run
    recipe = tracking.recipe(run)
    gone = (
        set(recipe.features) - set(features.names) if recipe else {"features that no recipe lists"}
    )
    if recipe is None or gone:
        raise RefusedError(
            f"{registry.name(horizon)}: the champion reads {min(gone)}, which is no longer "
            f"declared ({len(gone)} undeclared features); run jobs.train, then "
            f"jobs.promote --horizons {horizon}."
        )
    return Champion(run, recipe)


def split_known_pairs(
    spark: SparkSession, lake: Lake, features: FeatureSet, listed: DataFrame
) -> tuple[DataFrame, UnknownIds | None]:
    """Split a list of pairs into pairs with known ids and a summary of unknown ids.

    A summary is also printed.

    Returns:
        The pairs with known ids; and the summary as ``unknown_ids`` returns.
    """
    known = known_ids(spark, lake, features)
    unknown = unknown_ids(listed, known)
    if unknown is not None:
        progress("forecast: pairs of unknown shops or items are not forecast: %s", asdict(unknown))
    return of_known(listed, known), unknown
