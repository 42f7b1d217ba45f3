"""Runs and models in MLflow."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from lakehouse.context import Context
from lakehouse.errors import RefusedError
from lakehouse.lake import Lake
from lakehouse.profile.stored import stored_profile
from lakehouse.progress import progress
from lakehouse.storage import is_local, local_path
from lakehouse.tables.gold import MODEL_FILES
from modelling.estimators.estimator import Model
from modelling.estimators.families import FAMILIES
from modelling.registry.local_store import artifacts, local_store
from modelling.registry.model_files import (
    AlteredModelError,
    ModelFiles,
    digest_folder,
    digest_text,
    keep_files,
    kept_files,
)
from modelling.registry.recipe import Recipe

MODEL = "shopcast"
FOLDER = "model"
INPUTS = "inputs"
RECIPE = "recipe.json"

# MLflow would otherwise report its use to its makers and draw progress bars into the log.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
# A server that is not there is told after some seconds, not minutes.
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")


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
        self.uri = uri or local_store(local_path(lake.root))
        self.name = f"{MODEL}-{stored_profile(lake).name}"
        mlflow.set_tracking_uri(self.uri)
        if uri is None:
            # MLflow names the store in the environment too, where settings would take it for one
            # that was asked for, of every lake.
            os.environ.pop("MLFLOW_TRACKING_URI", None)
        try:
            self._open(None if uri else artifacts(local_path(lake.root)))
        except mlflow.MlflowException as error:
            raise RefusedError(
                f"MLflow at {self.uri} does not answer as one: {str(error).splitlines()[0]}; see "
                "MLFLOW_TRACKING_URI."
            ) from error
        self._lake, self._now = lake, context.now
        self._clip = stored_profile(lake).target_clip
        self._client = mlflow.MlflowClient()

    def _open(self, artifacts: str | None) -> None:
        """Enter the lake's experiment, whose files lie there; None: where the server says."""
        if self._mlflow.get_experiment_by_name(self.name) is None:
            self._mlflow.create_experiment(self.name, artifacts)
        self._mlflow.set_experiment(self.name)

    @contextmanager
    def run(self, kind: str, parameters: Mapping[str, Any], inputs: str) -> Iterator[str]:
        """Open a run, give its id, and close it as finished or failed."""
        with self._mlflow.start_run(run_name=kind, tags={"kind": kind, INPUTS: inputs}) as run:
            self._mlflow.log_params(dict(parameters))
            yield run.info.run_id

    def log(self, metrics: Mapping[str, float]) -> None:
        """Keep numbers with the open run."""
        self._mlflow.log_metrics(dict(metrics))

    def log_text(self, text: str, file: str) -> None:
        """Keep a file with the open run."""
        self._mlflow.log_text(text, file)

    def log_model(self, model: Model, recipe: Recipe) -> None:
        """Keep a model and its recipe with the open run, and their digests in the lake."""
        text, run = recipe.as_json, self._mlflow.active_run().info.run_id
        self._mlflow.log_text(text, RECIPE)
        with TemporaryDirectory() as folder:
            model.save(Path(folder))
            self._mlflow.log_artifacts(folder, FOLDER)
            files = digest_folder(Path(folder))
        kept = ModelFiles(run, recipe.estimator, digest_text(text), files)
        keep_files(self._lake, kept, self._now)

    def find(self, kind: str, inputs: str) -> str | None:
        """Return the newest finished run that was made from the same inputs."""
        found = self._client.search_runs(
            [self._mlflow.get_experiment_by_name(self.name).experiment_id],
            f"tags.kind = '{kind}' AND tags.{INPUTS} = '{inputs}' AND status = 'FINISHED'",
            max_results=1,
        )
        return str(found[0].info.run_id) if found else None

    def recipe(self, run: str) -> Recipe | None:
        """Return how the model of a run was made; None: by a program that kept no recipe.

        Raises:
            AlteredModelError: the recipe is not the one that was kept; or nobody knows which was,
                and it names an estimator that is neither a family nor the profile's.
        """
        if not any(file.path == RECIPE for file in self._client.list_artifacts(run)):
            return None
        text = self._mlflow.artifacts.load_text(f"runs:/{run}/{RECIPE}")
        kept = kept_files(self._lake, run)
        if kept is not None:
            kept.require_recipe(text)
        recipe = Recipe.of_json(text)
        known = {*FAMILIES, stored_profile(self._lake).model.estimator}
        if kept is None and recipe.estimator not in known:
            raise AlteredModelError(
                f"MLflow run {run}: its recipe names the estimator '{recipe.estimator}', and "
                f"{MODEL_FILES.path} does not say that jobs.train was told to use it; no code is "
                "run by that name. Run jobs.train --estimator again, or name it in the profile."
            )
        return recipe

    def model(self, run: str, recipe: Recipe) -> Model:
        """Return the model that a run keeps.

        Args:
            run: its run.
            recipe: how it was made.

        Raises:
            AlteredModelError: the files are not those that were kept.
        """
        kept = kept_files(self._lake, run)
        with TemporaryDirectory() as folder:
            files = Path(
                self._mlflow.artifacts.download_artifacts(f"runs:/{run}/{FOLDER}", dst_path=folder)
            )
            if kept is None:
                progress("MLflow run %s: made before digests were kept, not checked", run)
            else:
                kept.require_files(files)
            return recipe.made(self._clip).load(files)
