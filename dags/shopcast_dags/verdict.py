"""Verdict on a step: its exit code and the JSON line that it printed → done, retry or fail."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

REFUSED = 3
# Wrong use and a refusal end the same way however often they are tried.
FINAL = {2: "wrong use", REFUSED: "refused"}
INTERRUPTED = {130, 143}


class Outcome(Enum):
    """What follows from the end of a step."""

    DONE = "done"
    RETRY = "retry"
    FAIL = "fail"


@dataclass(frozen=True)
class Verdict:
    """The verdict on an attempt.

    Attributes:
        outcome: what follows.
        message: the reason, for the log and the alert.
        result: fields of the result line; empty: the step printed none.
    """

    outcome: Outcome
    message: str
    result: Mapping[str, Any] = field(default_factory=dict)


def judge(
    job: str, exit_code: int | None, lines: Iterable[str], *, may_keep_champion: bool = False
) -> Verdict:
    """Judge an attempt of a step.

    Args:
        job: name of the command, the field ``job`` of its result line.
        exit_code: exit code of the command, negative for a signal; None: it is not known, such as
            that of a pod which was deleted.
        lines: the lines that the command printed.
        may_keep_champion: whether a refusal counts as done if every horizon has a champion, as
            ``jobs.promote`` reports when the candidate is not better.
    """
    result = find_result(job, lines)
    error = str(result.get("error", "")) or "no reason was printed"
    if exit_code == 0:
        return judge_success(job, result)
    if exit_code == REFUSED and may_keep_champion and has_champions(result):
        return Verdict(Outcome.DONE, f"{job}: the champion stays. {error}", result)
    if exit_code in FINAL:
        return Verdict(Outcome.FAIL, f"{job}: {FINAL[exit_code]}: {error}", result)
    if exit_code is None:
        return Verdict(Outcome.RETRY, f"{job}: ended without an exit code", result)
    if exit_code in INTERRUPTED:
        return Verdict(Outcome.RETRY, f"{job}: interrupted ({exit_code})", result)
    return Verdict(Outcome.RETRY, f"{job}: failed with exit code {exit_code}: {error}", result)


def judge_success(job: str, result: Mapping[str, Any]) -> Verdict:
    """Judge a step with exit code 0: without the line ``"status": "done"`` it did not end."""
    if result.get("status") == "done":
        return Verdict(Outcome.DONE, f"{job}: done", result)
    said = f"the status {result['status']}" if "status" in result else "no result line"
    return Verdict(Outcome.RETRY, f"{job}: exit code 0, but {said}", result)


def find_result(job: str, lines: Iterable[str]) -> Mapping[str, Any]:
    """Return the last result line of a command; empty: there is none."""
    result: Mapping[str, Any] = {}
    for line in lines:
        if not line.lstrip().startswith("{"):
            continue
        try:
            fields = json.loads(line)
        except ValueError:
            continue
        if fields.get("job") == job:
            result = fields
    return result


def has_champions(result: Mapping[str, Any]) -> bool:
    """Check whether every horizon of a promotion has a champion."""
    horizons = result.get("horizons") or {}
    return bool(horizons) and all(decision.get("champion") for decision in horizons.values())
