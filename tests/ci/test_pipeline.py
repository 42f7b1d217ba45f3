"""The pipeline of GitLab: targets that exist, no doubled pipelines, deployments that are safe."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PIPELINE: dict[str, Any] = yaml.safe_load((ROOT / ".gitlab-ci.yml").read_text())
RESERVED = {"stages", "workflow", "variables", "default"}
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def merged(name: str) -> dict[str, Any]:
    """Return a job with what it extends."""
    job = PIPELINE[name]
    above = merged(job["extends"]) if "extends" in job else {}
    return {**PIPELINE["default"], **above, **job}


JOBS = {
    name: merged(name) for name in PIPELINE if name not in RESERVED and not name.startswith(".")
}
DEPLOYMENTS = [name for name, job in JOBS.items() if "environment" in job]


@pytest.mark.parametrize("name", JOBS)
def test_a_job_is_make_targets_alone(name: str) -> None:
    for line in JOBS[name]["script"]:
        words = line.split()
        assert words[0] == "make"
        assert words[1] in TARGETS
        assert all("=" in word for word in words[2:])


@pytest.mark.parametrize("name", JOBS)
def test_a_job_is_of_a_stage_and_needs_jobs_that_exist(name: str) -> None:
    job = JOBS[name]
    assert job["stage"] in PIPELINE["stages"]
    for needed in job.get("needs", []):
        assert PIPELINE["stages"].index(JOBS[needed]["stage"]) <= PIPELINE["stages"].index(
            job["stage"]
        )


def test_a_change_has_one_pipeline() -> None:
    rules = PIPELINE["workflow"]["rules"]
    assert rules[2] == {
        "if": "$CI_COMMIT_BRANCH && $CI_OPEN_MERGE_REQUESTS",
        "when": "never",
    }
    assert rules[1]["if"] == '$CI_PIPELINE_SOURCE == "merge_request_event"'


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_a_deployment_is_alone_and_never_cut_off(name: str) -> None:
    assert JOBS[name]["interruptible"] is False
    assert JOBS[name]["resource_group"]
    assert JOBS[name].get("rules")


def test_production_and_the_way_back_start_by_hand() -> None:
    for name in ("production", "rollback"):
        assert [rule["when"] for rule in JOBS[name]["rules"]] == ["manual"]
    assert "staging" in JOBS["production"]["needs"]
    assert set(JOBS["staging"]["needs"]) >= {"tests", "deploy-check", "scan"}


def test_a_review_ends() -> None:
    review = JOBS["review"]["environment"]
    stop = JOBS[review["on_stop"]]
    assert stop["environment"] == {"name": review["name"], "action": "stop"}
    assert stop["rules"][0]["if"] == JOBS["review"]["rules"][0]["if"]
    assert review["auto_stop_in"]


def test_checks_are_tried_again_only_for_the_runner_s_faults() -> None:
    assert all("failure" in cause for cause in PIPELINE["default"]["retry"]["when"])
    assert not any("script_failure" in str(job.get("retry")) for job in JOBS.values())


def test_no_secret_is_in_the_pipeline() -> None:
    text = (ROOT / ".gitlab-ci.yml").read_text().lower()
    assert not re.search(r"(password|token|secret|_key): *\S", text)
