"""Model families by name; a user's own family is named ``package.module:Factory``."""

from importlib import import_module
from inspect import signature
from typing import Any

from lakehouse.errors import UsageError
from modelling.estimators.baselines import BASELINES
from modelling.estimators.estimator import Estimator, Settings

# Import paths, not classes: only the family that a job uses is imported.
FAMILIES = {
    "xgboost": "modelling.estimators.xgboost_model:XGBoost",
    "random_forest": "modelling.estimators.random_forest:RandomForest",
    "bagged_boosting": "modelling.estimators.bagged_boosting:BaggedBoosting",
}


def estimator(name: str, settings: Settings) -> Estimator:
    """Make the estimator of a family, and check its name.

    Args:
        name: a key of ``FAMILIES``, or ``package.module:Factory``; the factory is any callable
            that takes settings and returns an estimator.
        settings: features, parameters and bounds of the estimator.

    Raises:
        UsageError: the family or factory does not exist, or the estimator's name cannot be a
            column of results: not an identifier, or the name of a baseline.
    """
    made = built(name, settings)
    if not made.name.isidentifier() or made.name in {baseline.name for baseline in BASELINES}:
        raise UsageError(
            f"--estimator {name}: its name '{made.name}' names a column of results; let it be "
            "letters, digits and underscores, and no naive forecast's."
        )
    return made


def built(name: str, settings: Settings) -> Estimator:
    """Call a family's factory with settings.

    Raises:
        UsageError: the factory does not take settings, or does not return an estimator.
    """
    make = factory(name)
    try:
        signature(make).bind(settings)
    except (TypeError, ValueError) as error:
        raise UsageError(f"--estimator {name}: cannot be called with Settings: {error}.") from error
    made: Estimator = make(settings)
    missing = [part for part in ("name", "fit", "describe", "load") if not hasattr(made, part)]
    if missing:
        raise UsageError(
            f"--estimator {name}: makes a {type(made).__name__}, which has no {missing[0]}; see "
            "docs/explanation/estimators.md for what an estimator owes."
        )
    return made


def factory(name: str) -> Any:
    """Import the factory of a family.

    Raises:
        UsageError: the family, module or factory does not exist; check PYTHONPATH.
    """
    module, colon, attribute = FAMILIES.get(name, name).partition(":")
    if not colon:
        raise UsageError(
            f"--estimator {name}: name one of {', '.join(FAMILIES)}, or the factory of your own "
            "as package.module:Factory."
        )
    try:
        return getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise UsageError(
            f"--estimator {name}: {error}; the module must be importable (PYTHONPATH)."
        ) from error
