"""POST /train starts the steps of a retraining; GET shows how far they are."""

from typing import Any

import pytest
from asking import Client
from fastapi import FastAPI
from training_client import Trainer, path_of

DECISION = {
    "decision": "promoted",
    "candidate": "7",
    "champion": "7",
    "reason": "overall: RMSE 1.9000 is within 2.0000, made from champion's 2.0000.",
    "errors": {"all all": {"candidate": {"rows": 10, "rmse": 1.9}}},
}


def test_a_run_goes_through_its_steps_and_shows_the_gate_s_decision(trainer: Trainer) -> None:
    trainer.set_outcome("jobs.promote", 0, status="done", horizons={"1": DECISION})
    started = trainer.start()
    assert started.status_code == 202
    assert started.headers["location"] == path_of("key")
    run = trainer.wait()
    assert (run["state"], run["step"], run["reason"]) == ("succeeded", "jobs.promote", None)
    assert run["gate"] == [{"horizon": 1, **DECISION}]
    assert run["asked_by"] == "tests"
    assert run["started_at"] <= run["ended_at"]
    assert "jobs.forecast" in run["next_step"]
    assert [line.split()[0] for line in run["log"]] == [
        "jobs.build_features",
        "jobs.build_panel",
        "jobs.train",
        "jobs.promote",
    ]


def test_options_become_arguments_and_forecasts_follow_if_asked_for(trainer: Trainer) -> None:
    trainer.set_outcome("jobs.forecast", 0, status="done", version="20151103T020000Z")
    trainer.start(horizons=[3, 1, 3], estimator="random_forest", then_forecast=True)
    run = trainer.wait()
    assert run["options"]["horizons"] == [1, 3]
    lake = "--lake LAKE --horizons 1,3"
    assert run["log"] == [
        "jobs.build_features --lake LAKE",
        f"jobs.build_panel {lake}",
        f"jobs.train {lake} --as-is --estimator random_forest",
        f"jobs.promote {lake}",
        f"jobs.forecast {lake}",
    ]
    assert (run["forecast_version"], run["next_step"]) == ("20151103T020000Z", None)


@pytest.mark.parametrize(
    ("code", "result", "state", "reason"),
    [
        (3, {"error": "horizon 1: not promoted.", "horizons": {"1": DECISION}}, "refused", "not"),
        (1, {"error": "OSError: disk full"}, "failed", "disk full"),
        (2, {}, "failed", "jobs.promote ended with exit code 2"),
    ],
)
def test_the_first_step_that_does_not_succeed_ends_the_run_with_its_reason(
    trainer: Trainer, code: int, result: dict[str, Any], state: str, reason: str
) -> None:
    trainer.set_outcome("jobs.promote", code, **result)
    trainer.start(then_forecast=True)
    run = trainer.wait()
    assert (run["state"], run["step"]) == (state, "jobs.promote")
    assert reason in run["reason"]
    assert len(run["gate"]) == len(result.get("horizons", {}))
    assert (run["next_step"], run["forecast_version"]) == (None, None)


def test_the_same_key_is_the_same_run_and_other_options_are_refused(trainer: Trainer) -> None:
    first, again = trainer.start(), trainer.start()
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json()["asked_at"] == again.json()["asked_at"]
    trainer.wait()
    assert trainer.start().json()["state"] == "succeeded"
    other = trainer.start(horizons=[2])
    assert (other.status_code, other.json()["title"]) == (422, "The key was used before")
    assert len(trainer.ask("GET", "/train").json()["trainings"]) == 1


def test_another_run_waits_for_the_first(trainer: Trainer) -> None:
    trainer.hold("jobs.train")
    trainer.start()
    refused = trainer.start("second")
    assert refused.status_code == 409
    assert refused.headers["link"] == f'<{path_of("key")}>; rel="status"'
    assert int(refused.headers["retry-after"]) > 0
    trainer.release("jobs.train")
    trainer.wait()
    assert trainer.start("second").status_code == 202
    trainer.wait("second")
    runs = trainer.ask("GET", "/train").json()["trainings"]
    assert {f"/train/{run['id']}" for run in runs} == {path_of("key"), path_of("second")}


def test_a_cancelled_run_ends_and_lets_the_next_one_start(trainer: Trainer) -> None:
    trainer.hold("jobs.train")
    trainer.start()
    trainer.wait_for_step("jobs.train")
    assert trainer.ask("POST", f"{path_of('key')}/cancel").status_code == 202
    run = trainer.wait()
    assert (run["state"], run["step"]) == ("cancelled", "jobs.train")
    ended = trainer.ask("POST", f"{path_of('key')}/cancel")
    assert (ended.status_code, ended.json()["title"]) == (409, "The training has ended")
    trainer.release("jobs.train")
    assert trainer.start("next").status_code == 202
    trainer.wait("next")


def test_a_request_that_is_not_sound_starts_nothing(trainer: Trainer) -> None:
    assert trainer.ask("POST", "/train", json={}).status_code == 400
    for options in ({"horizons": []}, {"horizons": [13]}, {"estimator": "os:system"}, {"x": 1}):
        assert trainer.start(**options).status_code == 422
    assert trainer.ask("GET", path_of("key")).status_code == 404
    assert trainer.ask("GET", "/train").json() == {"trainings": []}


def test_training_needs_a_key_of_its_scope(client: Client, create_key: Any) -> None:
    headers = {"Authorization": f"Bearer {create_key('write')}", "Idempotency-Key": "key"}
    assert client.request("POST", "/train").status_code == 401
    assert client.request("POST", "/train", headers=headers).status_code == 403


def test_outcomes_are_counted_once_by_all_workers(app: FastAPI, trainer: Trainer) -> None:
    trainer.start()
    trainer.wait()
    for _ in range(2):
        app.state.trainings.count_ended()
    lines = trainer.client.get("/metrics").text.splitlines()
    assert 'shopcast_training_runs_total{outcome="succeeded"} 1.0' in lines
