"""The search for parameters: what may vary, and Optuna's study of the trials made so far."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, FloatDistribution, IntDistribution
from optuna.trial import create_trial

from lakehouse.profile.model import Model

SEED = 7
# Rounds are not searched: each trial stops where the validation months no longer gain.
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
    """One trial, finished.

    Attributes:
        number: its place in the study, from 0.
        parameters: the profile's section with the values that were tried, rounds among them.
        rmse: of the validation months, units.
        seconds: that it took.
    """

    number: int
    parameters: Model
    rmse: float
    seconds: float


class Search:
    """Optuna's view of a study, rebuilt from its trials.

    The first trial is the profile's own parameters, so that what is found is never worse on the
    validation months. A search that was interrupted goes on with another seed: what it would have
    drawn next is not kept.

    Args:
        given: the profile's section.
        trials: those made so far.
    """

    def __init__(self, given: Model, trials: Iterable[Trial] = ()) -> None:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._given = given
        made = list(trials)
        sampler = optuna.samplers.TPESampler(seed=SEED + len(made))
        self._study = optuna.create_study(direction="minimize", sampler=sampler)
        for trial in made:
            self._study.add_trial(
                create_trial(params=within(trial.parameters), distributions=SPACE, value=trial.rmse)
            )
        if not made:
            self._study.enqueue_trial(within(given))

    def ask(self) -> tuple[Any, Model]:
        """Return Optuna's handle of the next trial, and the parameters to try."""
        handle = self._study.ask(SPACE)
        return handle, varied(self._given, handle.params)

    def tell(self, handle: Any, rmse: float) -> None:
        """Say what a trial came to."""
        self._study.tell(handle, rmse)


def within(model: Model) -> dict[str, Any]:
    """Return the searched parameters of a section, moved into their ranges."""
    found = {}
    for name, range_ in SPACE.items():
        assert isinstance(range_, IntDistribution | FloatDistribution)
        found[name] = min(max(getattr(model, name), range_.low), range_.high)
    return found


def varied(given: Model, parameters: Mapping[str, Any]) -> Model:
    """Put values that are tried into a profile's section; rounds as many as may be needed."""
    tried = {**given.model_dump(), **parameters, "rounds": MOST_ROUNDS}
    return Model.model_validate(tried)


def best(trials: Iterable[Trial]) -> Trial | None:
    """Return the trial of the smallest finite error, the first of equals; None: there is none."""
    finite = (trial for trial in trials if isfinite(trial.rmse))
    return min(finite, key=lambda trial: (trial.rmse, trial.number), default=None)
