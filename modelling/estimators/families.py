"""The families of models, by name; a family of one's own is named by where its factory is."""

from importlib import import_module
from inspect import signature
from typing import Any

from lakehouse.errors import UsageError
from modelling.estimators.baselines import BASELINES
from modelling.estimators.estimator import Estimator, Settings

# Where each is, so that one that is not asked for is not imported.
FAMILIES = {
    "xgboost": "modelling.estimators.xgboost_model:XGBoost",
    "random_forest": "modelling.estimators.random_forest:RandomForest",
    "bagged_boosting": "modelling.estimators.bagged_boosting:BaggedBoosting",
}


def estimator(name: str, settings: Settings) -> Estimator:
    """Make an estimator.

    Args:
        name: a family's, or ``package.module:Factory``, anything that is called with settings
            and returns an estimator.
        settings: what it is made with.

    Raises:
        UsageError: there is no such family or factory, or its name cannot be one of a column.
    """
    made = built(name, settings)
    if not made.name.isidentifier() or made.name in {baseline.name for baseline in BASELINES}:
        raise UsageError(
            f"--estimator {name}: its name '{made.name}' names a column of results; let it be "
            "letters, digits and underscores, and no naive forecast's."
        )
    return made


def built(name: str, settings: Settings) -> Estimator:
    """Call a family's factory.

    Raises:
        UsageError: what it made is no estimator, or it cannot be called with settings.
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
            "docs/estimators.md for what an estimator owes."
        )
    return made


def factory(name: str) -> Any:
    """Find what makes estimators of a family.

    Raises:
        UsageError: there is no such family, module or factory.
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
