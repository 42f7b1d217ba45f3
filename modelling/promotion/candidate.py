"""Candidates: models trained on the months up to the cutoff and registered in MLflow."""

import json
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from feature_store.code_versions import VERSIONS
from feature_store.panel.rows import PanelRows
from features.feature_set import feature_set
from features.tables import features_table
from lakehouse.context import Context
from lakehouse.delta import log
from lakehouse.errors import RefusedError
from lakehouse.lake import Lake
from lakehouse.month_range import MonthRange
from lakehouse.profile.profile import Profile, bounds_of
from lakehouse.progress import progress
from modelling.estimators.task_slots import check_workers, given_workers
from modelling.evaluation.folds import first_target
from modelling.evaluation.scoring import require_sound_model
from modelling.lineage import made_by, training_digest
from modelling.promotion.champions import find_champion
from modelling.registry.recipe import Recipe
from modelling.registry.registry import CANDIDATE, Registered, Registry
from modelling.registry.tracking import Tracking
from modelling.tuning.trials import choose_parameters


@dataclass(frozen=True)
class TrainingSpec:
    """The choices for training candidates.

    Attributes:
        spine: rows to learn from: ``assortment`` or ``grid``.
        parameters: ``tuned`` or ``profile``.
        estimator: name of the model family; None: the family that the profile names.
        workers: tasks that train together; None: every task slot.
    """

    spine: str
    parameters: str
    estimator: str | None = None
    workers: int | None = None


@dataclass(frozen=True)
class Candidate:
    """A horizon's newest model, trained by this run or by an earlier one.

    Attributes:
        version: the registered version.
        run: MLflow run that made the model.
        trained: whether this run trained the model.
        parameters: source of the parameters, in words.
    """

    version: str
    run: str
    trained: bool
    parameters: str


@dataclass(frozen=True)
class Training:
    """Trains the candidates of a lake.

    Attributes:
        context: the job's context.
        lake: the lake that has the panels.
        profile: the lake's profile.
        spec: the choices for training.
        closed: the closed months.
    """

    context: Context
    lake: Lake
    profile: Profile
    spec: TrainingSpec
    closed: MonthRange

    @cached_property
    def tracking(self) -> Tracking:
        """The lake's MLflow runs."""
        return Tracking(self.context, self.lake, self.profile)

    def train(self, horizon: int) -> Candidate:
        """Train a horizon's candidate, unless candidate or champion has the same input digest."""
        spec, model = self.spec, self.profile.model
        parameters = choose_parameters(self.lake, model, spec.parameters, spec.spine)
        panel = self.panel(horizon)
        recipe = Recipe(
            spec.estimator or parameters.model.estimator,
            parameters.model.model_dump(mode="json"),
            tuple(panel.features.names),
            panel.spine,
            horizon,
        )
        inputs = training_digest(panel, model, recipe.digest, *given_workers(spec.workers))
        registered = self.find_registered(inputs, horizon)
        if registered is None:
            span = f"{panel.months[0]:%Y-%m} to {panel.months[-1]:%Y-%m}"
            progress("train: horizon %d, %s; parameters are %s", horizon, span, parameters.source)
            fitted = self.fit_and_register(panel, recipe, inputs)
            return Candidate(fitted.version, fitted.run, True, parameters.source)
        progress("train: horizon %d is up to date", horizon)
        return Candidate(registered.version, registered.run, False, parameters.source)

    def panel(self, horizon: int) -> PanelRows:
        """Return the panel rows to learn from: closed months with enough history for the lags.

        Raises:
            RefusedError: no closed month is left to learn from; ingest more history, or lower
                first_training_month in the profile.
        """
        first = first_target(self.profile.model.first_training_month, horizon)
        months = training_months(self.closed, first)
        features = feature_set(self.profile)
        return PanelRows(self.lake, features, self.spec.spine, tuple(months), horizon)

    def find_registered(self, inputs: str, horizon: int) -> Registered | None:
        """Find the candidate or champion with the same input digest; None: neither has it."""
        registry = Registry(self.tracking)
        candidate = registry.aliased(CANDIDATE, horizon)
        if candidate is not None and candidate.inputs == inputs:
            return candidate
        champion = find_champion(self.lake, registry, horizon)
        return champion if champion is not None and champion.inputs == inputs else None

    def fit_and_register(self, panel: PanelRows, recipe: Recipe, inputs: str) -> Registered:
        """Fit a model, log the model to MLflow, and register the model as the horizon's candidate.

        Raises:
            UnsoundForecastError: the model's forecasts of the newest month break the contract of
                forecasts; mend the estimator.
        """
        spark, clip, workers = self.context.spark, self.profile.target_clip, self.spec.workers
        estimator = recipe.estimator_for(clip, workers)
        origin = {**made_from(panel, self.closed.last), "workers": check_workers(spark, workers)}
        with self.tracking.run("train", {**estimator.describe(), **origin}, inputs) as run_:
            model = estimator.fit(panel, spark)
            newest = panel.of(panel.months[-1:]).frame(spark)
            require_sound_model(newest, estimator.name, model, bounds_of(clip))
            self.tracking.log_model(model, recipe)
        tags = {
            "inputs": inputs,
            "estimator": recipe.estimator,
            "features": log.digest(list(recipe.features)),
            VERSIONS: made_by(panel.features.groups),
            **origin,
        }
        return Registry(self.tracking).register(run_, recipe.horizon, tags)


def made_from(panel: PanelRows, cutoff: date) -> dict[str, object]:
    """Return a model's provenance: cutoff, horizon, spine and the versions of the tables read."""
    lake, tables = panel.lake, map(features_table, panel.features.groups)
    return {
        "cutoff": cutoff,
        "horizon": panel.horizon,
        "spine": panel.spine,
        "panel_version": log.version(lake, panel.table),
        "table_versions": json.dumps({table.path: log.version(lake, table) for table in tables}),
    }


def training_months(closed: MonthRange, first: int) -> MonthRange:
    """Return the target months to learn from: the closed months from index ``first`` on.

    Raises:
        RefusedError: no closed month is left to learn from; ingest more history, or lower
            first_training_month in the profile.
    """
    months = list(closed)[first:]
    if not months:
        raise RefusedError(
            f"{len(closed)} closed months are too few to train: the first {first} have no lags "
            "to learn from; ingest more history or lower first_training_month in the profile."
        )
    return MonthRange(months[0], closed.last)
