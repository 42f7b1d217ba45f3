"""A run survives the API; killed processes make a run fail, and the next run can start."""

import sys
from dataclasses import replace
from pathlib import Path

from asking import Client
from fastapi import FastAPI
from training_client import Trainer, is_running, kill, parent_of, path_of

from serving.app import create_app
from serving.settings import ServingSettings
from serving.training.local_engine import NO_ENGINE, LocalEngine


def test_another_server_over_the_same_state_sees_the_run_and_its_log(
    trainer: Trainer, settings: ServingSettings
) -> None:
    trainer.hold("jobs.train")
    trainer.start()
    trainer.wait_for_step("jobs.train")
    later = Trainer(Client(create_app(settings)), trainer.key, trainer.steps)
    assert later.read()["state"] == "running"
    trainer.release("jobs.train")
    assert later.wait()["state"] == "succeeded"
    assert later.read() == trainer.read()


def test_a_killed_step_makes_the_run_fail(trainer: Trainer) -> None:
    trainer.hold("jobs.train")
    trainer.start()
    kill(trainer.wait_for_step("jobs.train"))
    run = trainer.wait()
    assert (run["state"], run["reason"]) == ("failed", "jobs.train was ended by signal SIGKILL.")


def test_a_killed_supervisor_takes_its_step_along_and_the_next_run_starts(
    trainer: Trainer,
) -> None:
    trainer.hold("jobs.train")
    trainer.start()
    step = trainer.wait_for_step("jobs.train")
    kill(parent_of(step))
    run = trainer.wait()
    assert (run["state"], run["step"]) == ("failed", "jobs.train")
    assert "killed" in run["reason"]
    trainer.wait(until=lambda _: not is_running(step))
    trainer.release("jobs.train")
    assert trainer.start("next").status_code == 202
    assert trainer.wait("next")["state"] == "succeeded"
    assert trainer.read() == run


def test_a_run_that_was_stored_but_never_started_has_failed_after_a_while(
    app: FastAPI, trainer: Trainer
) -> None:
    trainer.hold("jobs.train")
    trainer.start()
    trainings = app.state.trainings
    run = trainings.find(path_of("key").rpartition("/")[2])
    unstarted = replace(run, id="0" * 32)
    assert trainings.engine.progress(unstarted).state == "queued"
    long_ago = replace(unstarted, asked_at=run.asked_at.replace(year=2014))
    assert trainings.engine.progress(long_ago).state == "failed"
    trainer.release("jobs.train")
    trainer.wait()


def test_a_server_that_cannot_train_says_how_it_could(app: FastAPI, trainer: Trainer) -> None:
    trainings = app.state.trainings
    app.state.trainings = replace(trainings, engine=replace(trainings.engine, program=None))
    answer = trainer.start()
    assert (answer.status_code, answer.json()["detail"]) == (501, NO_ENGINE)
    assert trainer.ask("GET", "/train").json() == {"trainings": []}


def test_a_python_that_does_not_exist_makes_the_run_fail(app: FastAPI, trainer: Trainer) -> None:
    trainings = app.state.trainings
    engine = replace(trainings.engine, program=("/nowhere/python", "-m"))
    app.state.trainings = replace(trainings, engine=engine)
    trainer.start()
    run = trainer.wait()
    assert run["state"] == "failed"
    assert "jobs.build_features cannot be started" in run["reason"]


def test_the_python_of_the_steps_is_the_setting_s_or_this_one(settings: ServingSettings) -> None:
    assert settings.train_program == (sys.executable, "-m")
    other = settings.model_copy(update={"train_python": Path("/opt/spark/bin/python")})
    engine = create_app(other).state.trainings.engine
    assert isinstance(engine, LocalEngine)
    assert engine.program == ("/opt/spark/bin/python", "-m")
