"""Settings of training."""

import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field
from pydantic_settings import BaseSettings


class TrainingSettings(BaseSettings):
    """What runs the commands that POST /train starts."""

    train_python: Annotated[
        Path | None,
        Field(description="Python with Spark for POST /train; unset: this one, if it has Spark"),
    ] = None

    training_engine: Annotated[
        Literal["local", "kubernetes"],
        Field(description="what POST /train starts: processes of this machine, or a Job"),
    ] = "local"
    training_job_file: Annotated[
        Path | None,
        Field(description="JSON of the Job of TRAINING_ENGINE=kubernetes, as the chart writes it"),
    ] = None

    @property
    def train_program(self) -> tuple[str, ...] | None:
        """Words of a command line before the name of a step; None: no Python with Spark."""
        if self.train_python is not None:
            return (str(self.train_python), "-m")
        return (sys.executable, "-m") if is_installed("pyspark") else None


def is_installed(package: str) -> bool:
    """Return whether a package is installed, without importing anything."""
    try:
        version(package)
    except PackageNotFoundError:
        return False
    return True
