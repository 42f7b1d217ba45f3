"""Operator of a step as a process: ``python -m jobs.<command>`` or spark-submit."""

import os
import signal
import subprocess
from collections.abc import Sequence
from typing import Any

from airflow.sdk import BaseOperator, Context

from shopcast_dags.ending import settle
from shopcast_dags.steps import Step
from shopcast_dags.verdict import judge

# A command ends within ten seconds of SIGTERM; spark-submit needs a little longer.
GRACE_SECONDS = 30


class ProcessOperator(BaseOperator):
    """Run a step as a process of the worker, in a group of its own processes."""

    template_fields: Sequence[str] = ("arguments",)

    def __init__(self, *, step: Step, start: Sequence[str], folder: str, **options: Any) -> None:
        super().__init__(**options)
        self.command = step.command
        self.may_keep_champion = step.may_keep_champion
        self.arguments = list(step.arguments)
        self.start = list(start)
        self.folder = folder
        self.process: subprocess.Popen[str] | None = None

    def execute(self, context: Context) -> None:
        """Start the step, log what it prints, and judge its end."""
        argv = [*self.start, *self.arguments]
        self.log.info("%s", argv)
        self.process = subprocess.Popen(
            argv,
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        lines = []
        for line in self.process.stdout or ():
            self.log.info("%s", line.rstrip())
            if line.lstrip().startswith("{"):
                lines.append(line)
        code = self.process.wait()
        verdict = judge(self.command, code, lines, may_keep_champion=self.may_keep_champion)
        settle(verdict, context)

    def on_kill(self) -> None:
        """End the process and those that it started: SIGTERM first, SIGKILL after a while."""
        if self.process is None or self.process.poll() is not None:
            return
        os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
