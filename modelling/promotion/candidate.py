"""Candidates: models trained on the months up to the cutoff and registered in MLflow."""

import json
from dataclasses import dataclass
from datetime import date
from typing import Any

from feature_store.code_versions import VERSIONS
from feature_store.panel.rows import PanelRows
from features.feature_set import feature_set
from features.tables import features_table
from ingestion.lake_months import closed_months
from lakehouse.context import Context
from lakehouse.delta import log
from lakehouse.errors import RefusedError
from lakehouse.lake import Lake
from lakehouse.month_range import MonthRange
from lakehouse.profile.profile import bounds_of
from lakehouse.profile.stored import stored_profile
from lakehouse.progress import progress
from modelling.estimators.task_slots import check_workers, given_workers
from modelling.evaluation.folds import first_target
from modelling.evaluation.scoring import require_sound_model
from modelling.lineage import made_by, training_digest
from modelling.registry.recipe import Recipe
from modelling.registry.registry import Registered, Registry
from modelling.registry.tracking import Tracking
from modelling.tuning import trials


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


def trained(context: Context, lake: Lake, spec: TrainingSpec, horizon: int) -> dict[str, Any]:
    """Train a horizon's candidate, unless the candidate or champion has the same input digest.

    Returns:
        The fields of the job's result line: the version and MLflow run of the model, whether this
        call trained the model, and the source of the parameters.
    """
    given = trials.chosen(lake, spec.parameters, spec.spine)
    panel = training_panel(lake, spec.spine, horizon)
    family = spec.estimator or given.model.estimator
    parameters = given.model.model_dump(mode="json")
    recipe = Recipe(family, parameters, tuple(panel.features.names), panel.spine, horizon)
    months = MonthRange(panel.months[0], panel.months[-1])
    inputs = training_digest(
        lake,
        panel.features,
        panel.spine,
        months,
        recipe.digest,
        *given_workers(spec.workers),
        horizon=horizon,
    )
    registry = Registry(Tracking(context, lake))
    known = registry.made_from(inputs, horizon)
    if known is None:
        span = f"{months.first:%Y-%m} to {months.last:%Y-%m}"
        progress("train: horizon %d, %s; parameters are %s", horizon, span, given.source)
        made = candidate(context, panel, recipe, inputs, spec.workers)
    else:
        progress("train: horizon %d is up to date", horizon)
        made = known
    figures = {"version": made.version, "run": made.run, "trained": known is None}
    return {**figures, "parameters": given.source}


def training_panel(lake: Lake, spine: str, horizon: int) -> PanelRows:
    """Return the panel rows to learn from: every closed month with enough history for the lags.

    Raises:
        RefusedError: no closed month is left to learn from; ingest more history, or lower
            first_training_month in the profile.
    """
    profile = stored_profile(lake)
    first = first_target(profile.model.first_training_month, horizon)
    months = training_months(closed_months(lake), first)
    return PanelRows(lake, feature_set(profile), spine, tuple(months), horizon)


def candidate(
    context: Context, panel: PanelRows, recipe: Recipe, inputs: str, workers: int | None
) -> Registered:
    """Fit a model, log the model to MLflow, and register the model as the horizon's candidate.

    Raises:
        UnsoundForecastError: the model's forecasts of the newest month break the contract of
            forecasts; mend the estimator.
    """
    tracking = Tracking(context, panel.lake)
    clip = stored_profile(panel.lake).target_clip
    estimator = recipe.made(clip, workers)
    origin = made_from(panel.lake, panel, closed_months(panel.lake).last)
    origin["workers"] = check_workers(context.spark, workers)
    with tracking.run("train", {**estimator.describe(), **origin}, inputs) as run_:
        model = estimator.fit(panel, context.spark)
        newest = panel.of(panel.months[-1:]).frame(context.spark)
        require_sound_model(newest, estimator.name, model, bounds_of(clip))
        tracking.log_model(model, recipe)
    tags = {
        "inputs": inputs,
        "estimator": recipe.estimator,
        "features": log.digest(list(recipe.features)),
        VERSIONS: made_by(panel.features.groups),
        **origin,
    }
    return Registry(tracking).register(run_, recipe.horizon, tags)


def made_from(lake: Lake, panel: PanelRows, cutoff: date) -> dict[str, Any]:
    """Return a model's provenance: cutoff, horizon, spine and the versions of the tables read."""
    return {
        "cutoff": cutoff,
        "horizon": panel.horizon,
        "spine": panel.spine,
        "panel_version": log.version(lake, panel.table),
        "table_versions": json.dumps(
            {t.path: log.version(lake, t) for t in map(features_table, panel.features.groups)}
        ),
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
