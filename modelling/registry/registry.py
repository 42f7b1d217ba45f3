"""Registered models in MLflow: one name per horizon; aliases mark candidate and champion."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lakehouse.delta import log
from lakehouse.errors import RefusedError
from lakehouse.faults import reach
from modelling.registry.tracking import Tracking

CANDIDATE, CHAMPION = "candidate", "champion"
# MLflow's error codes for a missing model, version or alias.
NOT_THERE = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")


@dataclass(frozen=True)
class Registered:
    """One version of a registered model.

    Attributes:
        version: number of the version, as text.
        run: id of the MLflow run that made the version.
        tags: the model's provenance: inputs, cutoff, horizon, estimator, features, tables.
    """

    version: str
    run: str
    tags: Mapping[str, str]

    def learned_from(self, features: Sequence[str]) -> bool:
        """Check whether the model learned from exactly these features, in this order."""
        return self.tags.get("features") == log.digest(list(features))


class Registry:
    """The registered models of one lake.

    Args:
        tracking: the MLflow store of the lake.
    """

    def __init__(self, tracking: Tracking) -> None:
        import mlflow

        self._missing = mlflow.MlflowException
        self._client = mlflow.MlflowClient(tracking.uri, tracking.uri)
        self._prefix = tracking.name

    def name(self, horizon: int) -> str:
        """Return the name of a horizon's registered model."""
        return self._prefix if horizon == 1 else f"{self._prefix}-h{horizon}"

    def register(self, run: str, horizon: int, tags: Mapping[str, Any]) -> Registered:
        """Register the model of a run as a new version, and move the candidate alias to it."""
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
        """Return the version that an alias names; None: MLflow has no such alias or model."""
        try:
            return registered(self._client.get_model_version_by_alias(self.name(horizon), alias))
        except self._missing as error:
            if error.error_code not in NOT_THERE:
                raise
            return None

    def version(self, version: str, horizon: int) -> Registered:
        """Return a version by its number.

        Raises:
            RefusedError: MLflow has lost the version; promote another version.
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
        """Move a horizon's champion alias, which jobs.forecast follows, to a version."""
        reach(f"before {CHAMPION} {self.name(horizon)}")
        self._client.set_registered_model_alias(self.name(horizon), CHAMPION, version)

    def made_from(self, inputs: str, horizon: int) -> Registered | None:
        """Return the candidate or champion with the same input digest; None: neither has it."""
        found = (self.aliased(alias, horizon) for alias in (CANDIDATE, CHAMPION))
        return next((m for m in found if m is not None and m.tags.get("inputs") == inputs), None)

    def champion(self, horizon: int) -> Registered:
        """Return the champion of a horizon.

        Raises:
            RefusedError: the horizon has no champion; the error says whether to train or promote.
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
    """Convert MLflow's model version into a ``Registered``."""
    return Registered(str(version.version), str(version.run_id), dict(version.tags))
