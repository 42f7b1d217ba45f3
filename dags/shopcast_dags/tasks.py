"""Tasks of steps: the one place that chooses a process, spark-submit or a pod."""

import shlex
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from airflow.sdk import BaseOperator, TriggerRule, chain

from shopcast_dags.alerts import alert_task
from shopcast_dags.settings import DagSettings
from shopcast_dags.steps import Step

LONGEST_WAIT = timedelta(minutes=30)


def task_options(settings: DagSettings) -> Mapping[str, Any]:
    """Return the default arguments of every task: attempts, limits and alerts."""
    return {
        "retries": settings.retries,
        "retry_delay": settings.retry_delay,
        "retry_exponential_backoff": 2.0,
        "max_retry_delay": LONGEST_WAIT,
        "execution_timeout": timedelta(hours=settings.step_hours),
        "on_failure_callback": alert_task,
    }


def make_task(step: Step, settings: DagSettings) -> BaseOperator:
    """Make the task of a step, as the setting ``runner`` says."""
    rule = TriggerRule.NONE_FAILED if step.even_if_skipped else TriggerRule.ALL_SUCCESS
    options = {"task_id": step.name, "pool": step.pool, "trigger_rule": rule}
    return RUNNERS[settings.runner](step, settings, options)


def make_process(step: Step, settings: DagSettings, options: Mapping[str, Any]) -> BaseOperator:
    """Make the task of a step that is a process of the worker."""
    from shopcast_dags.process import ProcessOperator

    start = [settings.python, "-m", f"jobs.{step.command}"]
    if settings.runner == "spark-submit":
        start = [*shlex.split(settings.submit), f"jobs/{step.command}.py"]
    return ProcessOperator(step=step, start=start, folder=settings.home, **options)


def make_pod(step: Step, settings: DagSettings, options: Mapping[str, Any]) -> BaseOperator:
    """Make the task of a step that is a Kubernetes pod."""
    from shopcast_dags.pod import PodOperator

    return PodOperator(step=step, settings=settings, **options)


def chain_tasks(steps: Sequence[Step], settings: DagSettings) -> list[BaseOperator]:
    """Make the tasks of steps that follow each other."""
    tasks = [make_task(step, settings) for step in steps]
    chain(*tasks)
    return tasks


Runner = Callable[[Step, DagSettings, Mapping[str, Any]], BaseOperator]
RUNNERS: Mapping[str, Runner] = {
    "process": make_process,
    "spark-submit": make_process,
    "pod": make_pod,
}
