"""The steps of the DAGs are commands as the program knows them, in the pipeline's order."""

import ast
import inspect
import re
from importlib import import_module

import pytest
from dag_parts import settings, steps
from own_packages import PACKAGES, ROOT

from jobs import pipeline

SETTINGS = settings.DagSettings(
    lake="s3a://bucket/lake", horizons="1,2,3", folds=4, data="files", profile="1c", copies=True
)
STEPS = steps.Steps(SETTINGS)
MONTHLY = [
    *STEPS.closing("2015-10"),
    *STEPS.forecasting("2015-10"),
    *STEPS.delivering("2015-10"),
]


@pytest.mark.parametrize("step", [*MONTHLY, *STEPS.updating()], ids=lambda step: step.name)
def test_the_command_of_a_step_takes_its_arguments(step: steps.Step) -> None:
    parser = import_module(f"jobs.{step.command}").JOB.parser()
    assert parser.parse_args(list(step.arguments)).lake == "s3a://bucket/lake"


def test_the_month_runs_the_steps_of_the_pipeline_in_its_order() -> None:
    of_pipeline = re.findall(r"\((\w+)\.JOB", inspect.getsource(pipeline.run))
    of_month = [step.command for step in MONTHLY if step.command in of_pipeline]
    assert of_pipeline[1:] == of_month


def test_the_dags_import_nothing_of_the_program() -> None:
    files = list((ROOT / "dags").rglob("*.py"))
    assert len(files) > 10
    nodes = [node for file in files for node in ast.walk(ast.parse(file.read_text("utf-8")))]
    named = [n.module for n in nodes if isinstance(n, ast.ImportFrom) and n.module]
    named += [alias.name for n in nodes if isinstance(n, ast.Import) for alias in n.names]
    assert {name.partition(".")[0] for name in named} & set(PACKAGES) == set()


def test_only_the_steps_that_read_run_beside_a_writer() -> None:
    beside = {step.command for step in [*MONTHLY, *STEPS.updating()] if step.pool == steps.READERS}
    assert beside == {"check_month"}


def test_copies_are_switched_on() -> None:
    plain = steps.Steps(SETTINGS.model_copy(update={"copies": False}))
    assert plain.delivering("m")[-1].command == "score_forecasts"
    switched = steps.Steps(SETTINGS.model_copy(update={"copies": True}))
    assert switched.delivering("m")[-1].command == "publish"
