"""A lake is a folder: a copy of it reads and writes its own models."""

import shutil
from pathlib import Path

import mlflow
import pytest

from modelling.registry.local_store import artifacts, local_store


def kept(lake: Path, text: str) -> str:
    """Keep a file with a new run, as modelling.registry.tracking does, and return the run."""
    mlflow.set_tracking_uri(local_store(lake))
    if mlflow.get_experiment_by_name("models") is None:
        mlflow.create_experiment("models", artifacts(lake))
    mlflow.set_experiment("models")
    with mlflow.start_run() as run:
        mlflow.log_text(text, "model.txt")
    return str(run.info.run_id)


def found(lake: Path, run: str) -> str:
    mlflow.set_tracking_uri(local_store(lake))
    return str(mlflow.artifacts.load_text(f"runs:/{run}/model.txt"))


def files(lake: Path) -> set[Path]:
    return {file.relative_to(lake) for file in lake.rglob("model.txt")}


def test_a_database_that_was_never_finished_is_left_to_mlflow(tmp_path: Path) -> None:
    (tmp_path / "mlflow").mkdir()
    (tmp_path / "mlflow" / "mlflow.db").touch()
    assert local_store(tmp_path) == f"sqlite:///{tmp_path}/mlflow/mlflow.db"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_copy_keeps_its_models_and_leaves_those_of_the_first_alone(tmp_path: Path) -> None:
    first, copy = tmp_path / "a lake", tmp_path / "copy"
    run = kept(first, "old")
    shutil.copytree(first, copy)
    before = files(first)
    own = kept(copy, "new")
    assert files(first) == before
    shutil.rmtree(first)
    assert (found(copy, run), found(copy, own)) == ("old", "new")
