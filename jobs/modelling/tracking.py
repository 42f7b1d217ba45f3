"""Runs and models in MLflow."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import xgboost as xgb

from jobs.command import Context
from lakehouse.errors import RefusedError
from lakehouse.lake import Lake
from lakehouse.storage import is_local, local_path

MODEL = "shopcast"
CHAMPION = "champion"
INPUTS = "inputs"
FEATURES = "features.json"

# MLflow would otherwise report its use to its makers and draw progress bars into the log.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")


class Tracking:
    """The MLflow experiment and registered model of one lake.

    Args:
        context: its setting MLFLOW_TRACKING_URI names a server; without it a local lake keeps
            runs and models in its own folder ``mlflow``.
        lake: whose models they are.

    Raises:
        RefusedError: the lake is not local and no server is named.
    """

    def __init__(self, context: Context, lake: Lake) -> None:
        import mlflow

        self._mlflow = mlflow
        uri = context.settings.mlflow_tracking_uri
        if uri is None and not is_local(lake.root):
            raise RefusedError(
                f"{lake.root} is not a local folder: name an MLflow server in MLFLOW_TRACKING_URI."
            )
        self.uri = uri or local_store(lake)
        self.name = f"{MODEL}-{lake.profile().name}"
        mlflow.set_tracking_uri(self.uri)
        if mlflow.get_experiment_by_name(self.name) is None:
            artifacts = None if uri else (local_path(lake.root) / "mlflow" / "artifacts").as_uri()
            mlflow.create_experiment(self.name, artifacts)
        mlflow.set_experiment(self.name)
        self._client = mlflow.MlflowClient()

    @contextmanager
    def run(self, kind: str, parameters: Mapping[str, Any], inputs: str) -> Iterator[str]:
        """Open a run, give its id, and close it as finished or failed."""
        with self._mlflow.start_run(run_name=kind, tags={"kind": kind, INPUTS: inputs}) as run:
            self._mlflow.log_params(dict(parameters))
            yield run.info.run_id

    def log(self, metrics: Mapping[str, float]) -> None:
        """Keep numbers with the open run."""
        self._mlflow.log_metrics(dict(metrics))

    def log_model(self, booster: xgb.Booster, features: list[str]) -> None:
        """Keep a model and its features with the open run, and make it the champion."""
        self._mlflow.log_dict({"features": features}, FEATURES)
        info = self._mlflow.xgboost.log_model(
            booster,
            name="model",
            registered_model_name=self.name,
            model_format="ubj",
            pip_requirements=[f"xgboost=={xgb.__version__}"],
        )
        self._client.set_registered_model_alias(self.name, CHAMPION, info.registered_model_version)

    def find(self, kind: str, inputs: str) -> str | None:
        """Return the newest finished run that was made from the same inputs."""
        found = self._client.search_runs(
            [self._mlflow.get_experiment_by_name(self.name).experiment_id],
            f"tags.kind = '{kind}' AND tags.{INPUTS} = '{inputs}' AND status = 'FINISHED'",
            max_results=1,
        )
        return str(found[0].info.run_id) if found else None

    def champion_run(self) -> str | None:
        """Return the run that made the champion; None where there is none yet."""
        try:
            version = self._client.get_model_version_by_alias(self.name, CHAMPION)
        except self._mlflow.MlflowException:
            return None
        return str(version.run_id)

    def champion(self) -> tuple[str, xgb.Booster, list[str]]:
        """Return the champion: its run, the model and the features that it learned from.

        Raises:
            RefusedError: no model was trained yet.
        """
        run = self.champion_run()
        if run is None:
            raise RefusedError(f"{self.name}: no model yet; run jobs.train first.")
        booster = self._mlflow.xgboost.load_model(f"models:/{self.name}@{CHAMPION}")
        listed = self._mlflow.artifacts.load_dict(f"runs:/{run}/{FEATURES}")
        return run, booster, list(listed["features"])


def local_store(lake: Lake) -> str:
    """Return the tracking URI of the database in a local lake's folder."""
    folder = local_path(lake.root) / "mlflow"
    Path(folder).mkdir(parents=True, exist_ok=True)
    return f"sqlite:///{folder}/mlflow.db"
