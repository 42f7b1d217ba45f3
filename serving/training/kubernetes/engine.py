"""The Kubernetes engine: a run is a Job, from the manifest that the chart wrote."""

import copy
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any

from serving.training.engine import NoEngineError, NoRoomError, RunningError
from serving.training.kubernetes.api_server import ApiServer, ApiServerError
from serving.training.kubernetes.job_state import END, GONE, complete, end_given, is_ended
from serving.training.kubernetes.room import shortages, unschedulable
from serving.training.notes import newest_note, without_notes
from serving.training.run import Progress, Run, RunState
from serving.training.steps import list_steps
from serving.training.supervise import CANCELLED

JOBS, PODS, QUOTAS = "batch/v1:jobs", "v1:pods", "v1:resourcequotas"
# Label of a Job and its pod: the run.
RUN = "shopcast/run"
# A Job that was just created may not be seen yet.
START_TIME = timedelta(seconds=30)
LOG_BYTES = 4 << 20
NO_NODE = "No node of the cluster took the run's pod for ten minutes: {reason}"


@dataclass(frozen=True)
class KubernetesEngine:
    """Runs trainings as Jobs of a namespace, one at a time; the cluster keeps their state.

    Attributes:
        server: the API server.
        manifest: file with the Job, JSON, that lacks only a name and the arguments of the run.
        lake_root: URI of the lake.
        clock: returns the current time, UTC.
    """

    server: ApiServer
    manifest: Path
    lake_root: str
    clock: Callable[[], datetime]

    def start(self, run: Run) -> None:
        """Create the Job of a run.

        Raises:
            RunningError: another run is not ended.
            NoRoomError: a quota of the namespace does not hold the Job.
            NoEngineError: the API server refuses the Job or does not answer.
        """
        job = self._job_of(run)
        try:
            self._require_idle(run.id)
            lacking = list(shortages(job, self.server.get(QUOTAS)))
            if lacking:
                raise NoRoomError(f"No room for a training: {'; '.join(lacking)}.")
            self.server.create(JOBS, job)
            self._give_way(run.id)
        except ApiServerError as error:
            raise NoEngineError(f"Kubernetes cannot start a training: {error}.") from None

    def _job_of(self, run: Run) -> dict[str, Any]:
        job: dict[str, Any] = copy.deepcopy(json.loads(self.manifest.read_text()))
        labels = {RUN: run.id}
        job["metadata"]["name"] = job_name(run.id)
        job["metadata"]["labels"] = {**job["metadata"].get("labels", {}), **labels}
        template = job["spec"]["template"]
        template["metadata"]["labels"] = {**template["metadata"].get("labels", {}), **labels}
        container = template["spec"]["containers"][0]
        steps = [asdict(step) for step in list_steps(self.lake_root, run.options)]
        container["args"] = [*container["args"], json.dumps(steps)]
        return job

    def _require_idle(self, run_id: str) -> None:
        """Check that no other run is under way."""
        others = [job for job in self._list_jobs() if not is_ended(job) and run_of(job) != run_id]
        if others:
            raise RunningError(run_of(others[0]))

    def _give_way(self, run_id: str) -> None:
        """Delete a run's Job again if another API created one at the same moment, and first."""
        running = [job for job in self._list_jobs() if not is_ended(job)]
        first = min(running, key=lambda job: (job["metadata"]["creationTimestamp"], run_of(job)))
        if run_of(first) != run_id:
            self.server.delete(f"{JOBS}/{job_name(run_id)}")
            raise RunningError(run_of(first))

    def _list_jobs(self) -> list[dict[str, Any]]:
        listed = self.server.get(JOBS, labelSelector=RUN)["items"]
        return [dict(job) for job in listed]

    def progress(self, run: Run) -> Progress:
        """Return how far a run is; end a run whose pod no node takes."""
        job = self.server.find(f"{JOBS}/{job_name(run.id)}")
        now = self.clock()
        if job is None:
            if now < run.asked_at + START_TIME:
                return Progress()
            return Progress(state=RunState.FAILED, reason=GONE, ended_at=now)
        pod = self._pod_of(run.id)
        waiting = pod is not None and end_given(job) is None and unschedulable(pod, now)
        if waiting:
            self._end(run.id, RunState.FAILED, NO_NODE.format(reason=waiting))
            return self.progress(run)
        return complete(newest_note(self._log(pod)), job, pod)

    def tail(self, run_id: str, lines: int) -> Sequence[str]:
        """Return the last lines of a run's log; none once the pod is gone."""
        return without_notes(self._log(self._pod_of(run_id)))[-lines:]

    def cancel(self, run_id: str) -> None:
        """Suspend the Job: its pod gets SIGTERM, and the Job remembers why it ended."""
        self._end(run_id, RunState.CANCELLED, CANCELLED)

    def _end(self, run_id: str, state: RunState, reason: str) -> None:
        end = {"state": state.value, "reason": reason, "at": self.clock().isoformat()}
        body = {"metadata": {"annotations": {END: json.dumps(end)}}, "spec": {"suspend": True}}
        self.server.patch(f"{JOBS}/{job_name(run_id)}", body)

    def forget(self, run_id: str) -> None:
        """Delete the Job of an ended run, if the cluster still has it."""
        try:
            self.server.delete(f"{JOBS}/{job_name(run_id)}")
        except ApiServerError as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise

    def _pod_of(self, run_id: str) -> dict[str, Any] | None:
        pods = self.server.get(PODS, labelSelector=f"{RUN}={run_id}")["items"]
        return dict(pods[0]) if pods else None

    def _log(self, pod: dict[str, Any] | None) -> str:
        """Read the log of a pod; empty where it has none yet."""
        if pod is None:
            return ""
        path = f"{PODS}/{pod['metadata']['name']}/log"
        try:
            return self.server.text(path, limitBytes=str(LOG_BYTES))
        except ApiServerError:
            return ""


def job_name(run_id: str) -> str:
    """Return the name of a run's Job."""
    return f"shopcast-training-{run_id}"


def run_of(job: dict[str, Any]) -> str:
    """Return the run of a Job."""
    return str(job["metadata"]["labels"][RUN])
