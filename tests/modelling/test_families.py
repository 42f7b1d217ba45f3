"""An estimator is found by its family's name, or by where its factory is."""

import pytest

from lakehouse.errors import UsageError
from lakehouse.profile.model import ModelConfig
from modelling.estimators.estimator import EstimatorSettings
from modelling.estimators.families import FAMILIES, make_estimator

SETTINGS = EstimatorSettings(("near", "far"), ModelConfig())


def nothing(settings: EstimatorSettings) -> None:
    """A factory that makes none."""
    del settings


class Nameless:
    """An estimator whose name can be no column."""

    name = "my own"
    fit = describe = load = None

    def __init__(self, settings: EstimatorSettings) -> None:
        del settings


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_is_called_by_its_name(family: str) -> None:
    made = make_estimator(family, SETTINGS)
    assert made.name == family
    assert all(isinstance(name, str) for name in made.describe())


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("prophet", "name one of xgboost, random_forest, bagged_boosting, or"),
        ("no_such_module:Factory", "must be importable"),
        ("modelling.estimators.families:Missing", "must be importable"),
        (f"{__name__}:Nameless", "the estimator's name 'my own' becomes a column of results"),
        ("os:getcwd", "cannot be called with EstimatorSettings: too many positional arguments"),
        ("pathlib:Path.cwd", "cannot be called|must be importable"),
        (
            f"{__name__}:nothing",
            "returns a NoneType, which has no name; see docs/explanation/estimators.md",
        ),
    ],
)
def test_what_is_no_estimator_is_refused(name: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        make_estimator(name, SETTINGS)
