"""Hyperparameter search: the search space, and Optuna's study of the finished trials."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import isfinite

import optuna
from optuna.distributions import BaseDistribution, FloatDistribution, IntDistribution
from optuna.trial import create_trial

from lakehouse.profile.model import ModelConfig

SEED = 7
# Rounds are not searched: a trial stops when the error on the validation months no longer falls.
SPACE: dict[str, BaseDistribution] = {
    "max_depth": IntDistribution(4, 12),
    "learning_rate": FloatDistribution(0.02, 0.3, log=True),
    "min_child_weight": FloatDistribution(1, 500, log=True),
    "subsample": FloatDistribution(0.5, 1),
    "colsample_bytree": FloatDistribution(0.3, 1),
}
MOST_ROUNDS = 600
PATIENCE = 25


@dataclass(frozen=True)
class Trial:
    """A finished trial.

    Attributes:
        number: number of the trial in the study, from 0.
        parameters: the profile's section ``model`` with the values tried, including the rounds at
            which the trial stopped.
        rmse: RMSE on the validation months, units.
        seconds: duration of the trial, seconds.
    """

    number: int
    parameters: ModelConfig
    rmse: float
    seconds: float


class Search:
    """An Optuna study, rebuilt from the finished trials.

    The first trial tries the profile's own parameters, clipped to the search space, so that the
    best trial is never worse on the validation months. An interrupted search continues with
    another seed, because the state of Optuna's sampler is not stored.

    Args:
        given: the profile's section ``model``.
        trials: the finished trials.
    """

    def __init__(self, given: ModelConfig, trials: Iterable[Trial] = ()) -> None:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._given = given
        finished = list(trials)
        sampler = optuna.samplers.TPESampler(seed=SEED + len(finished))
        self._study = optuna.create_study(direction="minimize", sampler=sampler)
        for trial in finished:
            self._study.add_trial(
                create_trial(params=within(trial.parameters), distributions=SPACE, value=trial.rmse)
            )
        if not finished:
            self._study.enqueue_trial(within(given))

    def ask(self) -> tuple[optuna.Trial, ModelConfig]:
        """Ask Optuna for the next trial: Optuna's handle of the trial, and parameters to try."""
        handle = self._study.ask(SPACE)
        return handle, varied(self._given, handle.params)

    def tell(self, handle: optuna.Trial, rmse: float) -> None:
        """Report the RMSE of a trial, units, to Optuna."""
        self._study.tell(handle, rmse)


def within(model: ModelConfig) -> dict[str, float]:
    """Return the searched parameters of a section, clipped to the ranges of the search space."""
    clipped = {}
    for name, range_ in SPACE.items():
        assert isinstance(range_, IntDistribution | FloatDistribution)
        clipped[name] = min(max(getattr(model, name), range_.low), range_.high)
    return clipped


def varied(given: ModelConfig, parameters: Mapping[str, object]) -> ModelConfig:
    """Replace values in a profile's section by values to try, and set rounds to the maximum."""
    tried = {**given.model_dump(), **parameters, "rounds": MOST_ROUNDS}
    return ModelConfig.model_validate(tried)


def best(trials: Iterable[Trial]) -> Trial | None:
    """Return the trial with the smallest finite RMSE, the earliest of equals; None: no trial."""
    finite = (trial for trial in trials if isfinite(trial.rmse))
    return min(finite, key=lambda trial: (trial.rmse, trial.number), default=None)
