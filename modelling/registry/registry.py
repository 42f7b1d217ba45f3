"""Registered models in MLflow: one name per horizon; an alias marks the candidate."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lakehouse.delta import log
from lakehouse.errors import RefusedError
from lakehouse.faults import reach
from modelling.registry.tracking import Tracking

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion

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

    @property
    def inputs(self) -> str | None:
        """The digest of the model's inputs."""
        return self.tags.get("inputs")

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

    def register(self, run: str, horizon: int, tags: Mapping[str, object]) -> Registered:
        """Register the model of a run as a new version, and move the candidate alias to it."""
        name = self.name(horizon)
        try:
            self._client.create_registered_model(name)
        except self._missing as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
        reach(f"before model {name}")
        version = self._client.create_model_version(
            name,
            f"runs:/{run}/model",
            run_id=run,
            tags={key: str(value) for key, value in tags.items()},
        )
        reach(f"before {CANDIDATE} {name}")
        self._client.set_registered_model_alias(name, CANDIDATE, str(version.version))
        return registered(version)

    def aliased(self, alias: str, horizon: int) -> Registered | None:
        """Return the version that an alias names; None: MLflow has no such alias or model."""
        try:
            return registered(self._client.get_model_version_by_alias(self.name(horizon), alias))
        except self._missing as error:
            if error.error_code not in NOT_THERE:
                raise
            return None

    def find(self, version: str, horizon: int) -> Registered | None:
        """Find a version by its number; None: MLflow has no such version."""
        try:
            return registered(self._client.get_model_version(self.name(horizon), version))
        except self._missing as error:
            if error.error_code not in NOT_THERE:
                raise
            return None

    def version(self, version: str, horizon: int) -> Registered:
        """Return a version by its number.

        Raises:
            RefusedError: MLflow has lost the version; promote another version.
        """
        model = self.find(version, horizon)
        if model is None:
            raise RefusedError(
                f"{self.name(horizon)}: version {version} is no longer in MLflow; promote another."
            )
        return model

    def label_champion(self, version: str, horizon: int) -> None:
        """Move a horizon's alias ``champion``, which no job follows, to a version."""
        reach(f"before {CHAMPION} {self.name(horizon)}")
        self._client.set_registered_model_alias(self.name(horizon), CHAMPION, version)


def registered(version: "ModelVersion") -> Registered:
    """Convert MLflow's model version into a ``Registered``."""
    return Registered(str(version.version), str(version.run_id), dict(version.tags))
