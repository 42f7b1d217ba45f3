"""Choice of the training engine by the settings."""

import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from lakehouse.errors import UsageError
from serving.training.engine import TrainingEngine
from serving.training.kubernetes.api_server import ACCOUNT, ApiServer
from serving.training.kubernetes.engine import KubernetesEngine
from serving.training.local_engine import LocalEngine
from serving.training.settings import TrainingSettings


def open_engine(
    settings: TrainingSettings, lake_root: str, folder: Path, clock: Callable[[], datetime]
) -> TrainingEngine:
    """Open the engine that TRAINING_ENGINE names.

    Args:
        settings: the engine and what it needs.
        lake_root: URI of the lake.
        folder: the engine's part of the state folder.
        clock: returns the current time, UTC.

    Raises:
        UsageError: the Kubernetes engine lacks its manifest, or does not run in a pod.
    """
    if settings.training_engine == "local":
        return LocalEngine(folder, lake_root, settings.train_program, clock)
    if settings.training_job_file is None:
        raise UsageError(
            "TRAINING_ENGINE=kubernetes: set TRAINING_JOB_FILE to the Job's manifest, as the chart "
            "does with training.enabled."
        )
    host = os.environ.get("KUBERNETES_SERVICE_HOST")
    port = os.environ.get("KUBERNETES_SERVICE_PORT", "443")
    if not host or not ACCOUNT.is_dir():
        raise UsageError(
            "TRAINING_ENGINE=kubernetes: this process has no ServiceAccount of a cluster; run the "
            "API in a pod with one, or use TRAINING_ENGINE=local."
        )
    server = ApiServer(f"https://{host}:{port}")
    return KubernetesEngine(server, settings.training_job_file, lake_root, clock)
