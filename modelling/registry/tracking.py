"""Tracking: the MLflow runs of a lake, with their parameters, metrics, recipes and models."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from lakehouse.context import Context
from lakehouse.errors import RefusedError
from lakehouse.lake import Lake
from lakehouse.profile.profile import Profile
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

# Otherwise MLflow sends usage data to its makers and draws progress bars into the log.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
# With few retries, MLflow reports an unreachable server after seconds, not minutes.
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")


class Tracking:
    """The MLflow experiment and registered model of one lake.

    Args:
        context: the job's context; the setting MLFLOW_TRACKING_URI names a server. Without the
            setting, a local lake keeps runs and models in the lake's folder ``mlflow``.
        lake: the lake whose models are tracked.
        profile: the lake's profile.

    Raises:
        RefusedError: the lake is not local and no server is named, or the server does not answer
            as MLflow; set MLFLOW_TRACKING_URI.
    """

    def __init__(self, context: Context, lake: Lake, profile: Profile) -> None:
        import mlflow

        self._mlflow = mlflow
        uri = context.settings.mlflow_tracking_uri
        if uri is None and not is_local(lake.root):
            raise RefusedError(
                f"{lake.root} is not a local folder: name an MLflow server in MLFLOW_TRACKING_URI."
            )
        self.uri = uri or local_store(local_path(lake.root))
        self.name = f"{MODEL}-{profile.name}"
        mlflow.set_tracking_uri(self.uri)
        if uri is None:
            # MLflow also sets the environment variable; without removal, settings would read the
            # variable as the server that the user named, and use it for every lake.
            os.environ.pop("MLFLOW_TRACKING_URI", None)
        try:
            self._open(None if uri else artifacts(local_path(lake.root)))
        except mlflow.MlflowException as error:
            raise RefusedError(
                f"{self.uri} does not answer as an MLflow server: {str(error).splitlines()[0]}; "
                "check MLFLOW_TRACKING_URI."
            ) from error
        self._lake, self._now = lake, context.now
        self._profile = profile
        self._client = mlflow.MlflowClient()

    def _open(self, artifacts: str | None) -> None:
        """Open the lake's experiment; create it first if missing.

        Args:
            artifacts: URI of the folder for model files; None: the server chooses the folder.
        """
        if self._mlflow.get_experiment_by_name(self.name) is None:
            self._mlflow.create_experiment(self.name, artifacts)
        self._mlflow.set_experiment(self.name)

    @contextmanager
    def run(self, kind: str, parameters: Mapping[str, object], inputs: str) -> Iterator[str]:
        """Open an MLflow run, yield the run's id, and close the run as finished or failed."""
        with self._mlflow.start_run(run_name=kind, tags={"kind": kind, INPUTS: inputs}) as run:
            self._mlflow.log_params(dict(parameters))
            yield run.info.run_id

    def log(self, metrics: Mapping[str, float]) -> None:
        """Log metrics to the open run."""
        self._mlflow.log_metrics(dict(metrics))

    def log_text(self, text: str, file: str) -> None:
        """Log a text file to the open run."""
        self._mlflow.log_text(text, file)

    def log_model(self, model: Model, recipe: Recipe) -> None:
        """Log a model and its recipe to the open run, and keep the digests in gold.model_files."""
        text, run = recipe.as_json, self._mlflow.active_run().info.run_id
        self._mlflow.log_text(text, RECIPE)
        with TemporaryDirectory() as folder:
            model.save(Path(folder))
            self._mlflow.log_artifacts(folder, FOLDER)
            files = digest_folder(Path(folder))
        kept = ModelFiles(run, recipe.estimator, digest_text(text), files)
        keep_files(self._lake, kept, self._now)

    def find(self, kind: str, inputs: str) -> str | None:
        """Find the newest finished run of a kind with the same input digest; None: no such run."""
        runs = self._client.search_runs(
            [self._mlflow.get_experiment_by_name(self.name).experiment_id],
            f"tags.kind = '{kind}' AND tags.{INPUTS} = '{inputs}' AND status = 'FINISHED'",
            max_results=1,
        )
        return str(runs[0].info.run_id) if runs else None

    def recipe(self, run: str) -> Recipe | None:
        """Read the recipe of a run's model; None: an older program made the run without a recipe.

        Raises:
            AlteredModelError: the recipe differs from the digest in the lake. Or the lake has no
                digest, and the recipe names an estimator that is neither a known family nor the
                profile's; train again with --estimator, or name the estimator in the profile.
        """
        if not any(file.path == RECIPE for file in self._client.list_artifacts(run)):
            return None
        text = self._mlflow.artifacts.load_text(f"runs:/{run}/{RECIPE}")
        kept = kept_files(self._lake, run)
        if kept is not None:
            kept.require_recipe(text)
        recipe = Recipe.of_json(text)
        trusted = {*FAMILIES, self._profile.model.estimator}
        if kept is None and recipe.estimator not in trusted:
            raise AlteredModelError(
                f"MLflow run {run}: the recipe names the estimator '{recipe.estimator}', and "
                f"{MODEL_FILES.path} has no record that jobs.train used that estimator, so "
                "that its code is not run. Run jobs.train --estimator again, or name the estimator "
                "in the profile's section model."
            )
        return recipe

    def model(self, run: str, recipe: Recipe) -> Model:
        """Load the model of a run, after checking the model's files against the lake's digest.

        A model from before digests were kept is loaded without the check.

        Args:
            run: id of the MLflow run.
            recipe: recipe of the model.

        Raises:
            AlteredModelError: the files differ from the digest; roll back, or train and promote
                again.
        """
        kept = kept_files(self._lake, run)
        with TemporaryDirectory() as folder:
            files = Path(
                self._mlflow.artifacts.download_artifacts(f"runs:/{run}/{FOLDER}", dst_path=folder)
            )
            if kept is None:
                progress(
                    "MLflow run %s: files not checked, the lake has no digest of the model", run
                )
            else:
                kept.require_files(files)
            return recipe.estimator_for(self._profile.target_clip).load(files)
