"""Registered models: a name per horizon, whose versions are candidates and champions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lakehouse.delta import log
from lakehouse.errors import RefusedError
from lakehouse.faults import reach
from modelling.registry.tracking import Tracking

CANDIDATE, CHAMPION = "candidate", "champion"
# What MLflow answers where a model, or an alias of it, is not there.
NOT_THERE = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")


@dataclass(frozen=True)
class Registered:
    """One version of a registered model.

    Attributes:
        version: its number, as text.
        run: the MLflow run that made it.
        tags: what it was made from: inputs, cutoff, horizon, estimator, features, tables.
    """

    version: str
    run: str
    tags: Mapping[str, str]

    def learned_from(self, features: Sequence[str]) -> bool:
        """Say whether these are the features, in their order, that it learned from."""
        return self.tags.get("features") == log.digest(list(features))


class Registry:
    """The registered models of one lake.

    Args:
        tracking: where MLflow keeps them.
    """

    def __init__(self, tracking: Tracking) -> None:
        import mlflow

        self._missing = mlflow.MlflowException
        self._client = mlflow.MlflowClient(tracking.uri, tracking.uri)
        self._prefix = tracking.name

    def name(self, horizon: int) -> str:
        """Return the name of the registered model of a horizon."""
        return self._prefix if horizon == 1 else f"{self._prefix}-h{horizon}"

    def register(self, run: str, horizon: int, tags: Mapping[str, Any]) -> Registered:
        """Make the model that a run keeps the candidate of a horizon."""
        name = self.name(horizon)
        try:
            self._client.create_registered_model(name)
        except self._missing as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
        reach(f"before model {name}")
        made = self._client.create_model_version(
            name,
            f"runs:/{run}/model",
            run_id=run,
            tags={key: str(value) for key, value in tags.items()},
        )
        reach(f"before {CANDIDATE} {name}")
        self._client.set_registered_model_alias(name, CANDIDATE, str(made.version))
        return registered(made)

    def aliased(self, alias: str, horizon: int) -> Registered | None:
        """Return the version that an alias names; None where there is none."""
        try:
            return registered(self._client.get_model_version_by_alias(self.name(horizon), alias))
        except self._missing as error:
            if error.error_code not in NOT_THERE:
                raise
            return None

    def version(self, version: str, horizon: int) -> Registered:
        """Return a version by its number.

        Raises:
            RefusedError: MLflow does not have it any more.
        """
        try:
            return registered(self._client.get_model_version(self.name(horizon), version))
        except self._missing as error:
            if error.error_code not in NOT_THERE:
                raise
            raise RefusedError(
                f"{self.name(horizon)}: version {version} is no longer in MLflow; promote another."
            ) from None

    def set_champion(self, version: str, horizon: int) -> None:
        """Move the alias that jobs.forecast follows."""
        reach(f"before {CHAMPION} {self.name(horizon)}")
        self._client.set_registered_model_alias(self.name(horizon), CHAMPION, version)

    def made_from(self, inputs: str, horizon: int) -> Registered | None:
        """Return the candidate or champion that was made from these inputs; None: neither was."""
        found = (self.aliased(alias, horizon) for alias in (CANDIDATE, CHAMPION))
        return next((m for m in found if m is not None and m.tags.get("inputs") == inputs), None)

    def champion(self, horizon: int) -> Registered:
        """Return the champion of a horizon.

        Raises:
            RefusedError: there is none; says whether to train or to promote.
        """
        found = self.aliased(CHAMPION, horizon)
        if found is not None:
            return found
        candidate = self.aliased(CANDIDATE, horizon)
        if candidate is None:
            raise RefusedError(
                f"{self.name(horizon)}: no model yet; run jobs.train --horizons {horizon}, then "
                f"jobs.promote --horizons {horizon}."
            )
        raise RefusedError(
            f"{self.name(horizon)}: version {candidate.version} is a candidate and none is the "
            f"champion; run jobs.promote --horizons {horizon}, which says what it lacks."
        )


def registered(version: Any) -> Registered:
    """Take what is needed of MLflow's model version."""
    return Registered(str(version.version), str(version.run_id), dict(version.tags))
