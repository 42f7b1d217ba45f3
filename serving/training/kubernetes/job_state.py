"""What a Job and its pod say of a run, where the run's own notes do not."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from serving.training.run import Progress, RunState

# Annotation with the end that the API gave a run: JSON of state and reason.
END = "shopcast/end"
GONE = "The Job of the run was deleted; start another run."
OUT_OF_MEMORY = "The run used more memory than its preset has; choose a larger preset."
TOO_LONG = "The run took longer than its deadline and was ended."
ENDED_BY = "The pod of the run ended with exit code {code}; the log says more."
EVICTED = "The pod of the run was deleted or evicted; start another run."

Object = Mapping[str, Any]


def conditions(job: Object) -> dict[str, Object]:
    """Return the conditions of a Job or a pod that hold, or say why they do not, by type."""
    return {each["type"]: each for each in job.get("status", {}).get("conditions", [])}


def is_ended(job: Object) -> bool:
    """Return whether a Job will run no more."""
    found = conditions(job)
    return job["spec"].get("suspend", False) or any(
        found.get(kind, {}).get("status") == "True" for kind in ("Complete", "Failed")
    )


def end_given(job: Object) -> Progress | None:
    """Return the end that the API gave a run: cancelled, or failed as it found no room."""
    text = job["metadata"].get("annotations", {}).get(END)
    if text is None:
        return None
    end = json.loads(text)
    at = datetime.fromisoformat(end["at"])
    return Progress(state=RunState(end["state"]), reason=end["reason"], ended_at=at)


def complete(noted: Progress, job: Object, pod: Object | None) -> Progress:
    """Complete what a run noted by what Kubernetes knows: killed pods note nothing.

    Args:
        noted: the last note of the run; queued: it made none.
        job: the run's Job.
        pod: the Job's pod; None: it does not exist.
    """
    if noted.is_ended:
        return noted
    given = end_given(job)
    if given is not None:
        return replace(given, step=noted.step, started_at=noted.started_at, results=noted.results)
    done = conditions(job).get("Complete", {})
    if done.get("status") == "True":
        at = datetime.fromisoformat(done["lastTransitionTime"])
        return replace(noted, state=RunState.SUCCEEDED, ended_at=at)
    failed = conditions(job).get("Failed", {})
    if failed.get("status") == "True":
        at = datetime.fromisoformat(failed["lastTransitionTime"])
        reason = failure_reason(failed, pod)
        return replace(noted, state=RunState.FAILED, reason=reason, ended_at=at)
    is_running = pod is not None and pod["status"].get("phase") == "Running"
    if noted.state == RunState.QUEUED and is_running:
        return replace(noted, state=RunState.RUNNING)
    return noted


def failure_reason(failed: Object, pod: Object | None) -> str:
    """Return why a Job failed."""
    if failed.get("reason") == "DeadlineExceeded":
        return TOO_LONG
    if pod is None:
        return EVICTED
    for status in pod["status"].get("containerStatuses", []):
        ended = status.get("state", {}).get("terminated")
        if ended:
            is_full = ended.get("reason") == "OOMKilled"
            return OUT_OF_MEMORY if is_full else ENDED_BY.format(code=ended["exitCode"])
    return EVICTED
