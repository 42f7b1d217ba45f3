"""Trainings whose steps are a short script: the seams around the steps, without Spark."""

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from asking import Client
from fastapi import FastAPI
from training_client import STEP, Trainer


@pytest.fixture
def steps(tmp_path: Path) -> Path:
    """The folder whose files say what the steps do (``training_client`` names the files)."""
    folder = tmp_path / "steps"
    folder.mkdir()
    (folder / "step.py").write_text(STEP)
    return folder


@pytest.fixture
def trainer(app: FastAPI, client: Client, create_key: Callable[..., str], steps: Path) -> Trainer:
    """Asks an API whose engine runs the script."""
    program = (sys.executable, str(steps / "step.py"))
    trainings = app.state.trainings
    app.state.trainings = replace(trainings, engine=replace(trainings.engine, program=program))
    return Trainer(client, create_key("train"), steps)
