"""What follows from a step's exit code and from the line that it printed."""

import json

import pytest
from dag_parts import verdict

Outcome = verdict.Outcome


def line(**fields: object) -> str:
    return json.dumps({"job": "promote", **fields})


DONE, REFUSED = line(status="done"), line(status="refused", error="worse")
KEPT = line(status="refused", error="worse", horizons={"1": {"champion": "3"}})
NONE_YET = line(
    status="refused", error="worse", horizons={"1": {"champion": "3"}, "2": {"champion": None}}
)


@pytest.mark.parametrize(
    ("code", "lines", "outcome"),
    [
        (0, [DONE], Outcome.DONE),
        (0, ["12:00:01 promote: read", DONE, '{"no": "result"}', "{", "[1]"], Outcome.DONE),
        (0, [], Outcome.RETRY),
        (0, [line(job="train", status="done")], Outcome.RETRY),
        (0, [line(status="interrupted")], Outcome.RETRY),
        (1, [line(status="failed", error="KeyError: 1")], Outcome.RETRY),
        (1, [DONE], Outcome.RETRY),
        (2, [], Outcome.FAIL),
        (3, [REFUSED], Outcome.FAIL),
        (3, [KEPT], Outcome.FAIL),
        (130, [], Outcome.RETRY),
        (143, [line(status="interrupted")], Outcome.RETRY),
        (-9, [], Outcome.RETRY),
        (137, [DONE], Outcome.RETRY),
        (None, [DONE], Outcome.RETRY),
    ],
)
def test_a_step_is_done_only_by_its_code_and_its_line(
    code: int | None, lines: list[str], outcome: verdict.Outcome
) -> None:
    assert verdict.judge("promote", code, lines).outcome is outcome


@pytest.mark.parametrize(
    ("printed", "outcome"),
    [(KEPT, Outcome.DONE), (NONE_YET, Outcome.FAIL), (REFUSED, Outcome.FAIL)],
)
def test_a_run_goes_on_with_champions_of_every_horizon(
    printed: str, outcome: verdict.Outcome
) -> None:
    judged = verdict.judge("promote", 3, [printed], may_keep_champion=True)
    assert judged.outcome is outcome
    assert "worse" in judged.message
