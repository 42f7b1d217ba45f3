"""Model families by name; a user's own family is named ``package.module:Factory``."""

from importlib import import_module
from inspect import signature

from lakehouse.errors import UsageError
from modelling.estimators.baselines import BASELINES
from modelling.estimators.estimator import Estimator, EstimatorSettings, Factory

# Import paths, not classes: only the family that a job uses is imported.
FAMILIES = {
    "xgboost": "modelling.estimators.xgboost_model:XGBoost",
    "random_forest": "modelling.estimators.random_forest:RandomForest",
    "bagged_boosting": "modelling.estimators.bagged_boosting:BaggedBoosting",
}


def make_estimator(name: str, settings: EstimatorSettings) -> Estimator:
    """Make the estimator of a family, and check its name.

    Args:
        name: a key of ``FAMILIES``, or ``package.module:Factory``; the factory is any callable
            that takes settings and returns an estimator.
        settings: features, parameters and bounds of the estimator.

    Raises:
        UsageError: the family or factory does not exist, or the estimator's name cannot be a
            column of results: not an identifier, or the name of a baseline.
    """
    estimator = call_factory(name, settings)
    if not estimator.name.isidentifier() or estimator.name in {
        baseline.name for baseline in BASELINES
    }:
        raise UsageError(
            f"--estimator {name}: the estimator's name '{estimator.name}' becomes a column of "
            "results; use letters, digits and underscores, and not the name of a naive forecast."
        )
    return estimator


def call_factory(name: str, settings: EstimatorSettings) -> Estimator:
    """Call a family's factory with settings.

    Raises:
        UsageError: the factory does not take settings, or does not return an estimator.
    """
    make = factory(name)
    try:
        signature(make).bind(settings)
    except (TypeError, ValueError) as error:
        raise UsageError(
            f"--estimator {name}: the factory cannot be called with EstimatorSettings: {error}."
        ) from error
    estimator = make(settings)
    missing = [part for part in ("name", "fit", "describe", "load") if not hasattr(estimator, part)]
    if missing:
        raise UsageError(
            f"--estimator {name}: the factory returns a {type(estimator).__name__}, which has no "
            f"{missing[0]}; see docs/explanation/estimators.md for what an estimator must have."
        )
    return estimator


def factory(name: str) -> Factory:
    """Import the factory of a family.

    Raises:
        UsageError: the family, module or factory does not exist; check PYTHONPATH.
    """
    module, colon, attribute = FAMILIES.get(name, name).partition(":")
    if not colon:
        raise UsageError(
            f"--estimator {name}: name one of {', '.join(FAMILIES)}, or your own "
            "factory as package.module:Factory."
        )
    try:
        make: Factory = getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise UsageError(
            f"--estimator {name}: {error}; the module must be importable (PYTHONPATH)."
        ) from error
    return make
