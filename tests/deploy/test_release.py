"""The script of a deployment: installed, upgraded, brought back, and rescued where it is stuck."""

import base64
import gzip
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from chart import CHART, HELM, ROOT
from cluster import kubectl, require_cluster

pytestmark = pytest.mark.deploy


def release(verb: str, environment: str, **variables: str) -> subprocess.CompletedProcess[str]:
    values = {"HELM": HELM, "VALUES": str(ROOT / "helm" / "values" / "local.yaml")}
    return subprocess.run(
        [str(ROOT / ".ci" / "release"), verb, environment],
        env={**os.environ, **values, "WAIT": "60s", **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def helm(*arguments: str) -> str:
    done = subprocess.run([HELM, *arguments], capture_output=True, text=True, check=True)
    return done.stdout


@pytest.fixture
def values(tmp_path: Path) -> str:
    file = tmp_path / "values.yaml"
    file.write_text("lake: {root: 's3a://bucket/lake'}\n")
    return str(file)


@pytest.fixture
def environment() -> Iterator[str]:
    require_cluster()
    name = f"review-{uuid4().hex[:6]}"
    yield name
    kubectl("delete", "namespace", name, "--wait=false", check=False)


def status(environment: str) -> tuple[int, str]:
    found = json.loads(helm("status", "shopcast", "--namespace", environment, "--output", "json"))
    return found["version"], found["info"]["status"]


def set_status(environment: str, revision: int, status: str) -> None:
    """Leave a release as a deployment leaves it that was cut off."""
    name = f"sh.helm.release.v1.shopcast.v{revision}"
    secret = json.loads(
        kubectl("--namespace", environment, "get", "secret", name, "--output=json").stdout
    )
    text = base64.b64decode(base64.b64decode(secret["data"]["release"]))
    kept = json.loads(gzip.decompress(text))
    kept["info"]["status"] = status
    packed = base64.b64encode(base64.b64encode(gzip.compress(json.dumps(kept).encode()))).decode()
    patch = {"data": {"release": packed}, "metadata": {"labels": {"status": status}}}
    kubectl("--namespace", environment, "patch", "secret", name, "--patch", json.dumps(patch))


def test_a_release_is_installed_upgraded_brought_back_and_removed(
    environment: str, values: str
) -> None:
    for tag in ("1.0", "1.1"):
        done = release("deploy", environment, VALUES=values, TAG=tag)
        assert done.returncode == 0, done.stderr
    image = "--output=jsonpath={.items[0].spec.template.spec.containers[0].image}"
    asked = ("--namespace", environment, "get", "deployments", image)
    assert kubectl(*asked).stdout == "shopcast-api:1.1"
    assert release("rollback", environment).returncode == 0
    assert kubectl(*asked).stdout == "shopcast-api:1.0"
    assert release("undeploy", environment).returncode == 0
    assert release("undeploy", environment).returncode == 0
    assert json.loads(helm("list", "--namespace", environment, "--output", "json")) == []


def test_a_deployment_that_was_cut_off_does_not_block_the_next(
    environment: str, values: str
) -> None:
    assert release("deploy", environment, VALUES=values).returncode == 0
    assert release("deploy", environment, VALUES=values).returncode == 0
    set_status(environment, 2, "pending-upgrade")
    blocked = subprocess.run(
        [HELM, "upgrade", "shopcast", str(CHART), "--namespace", environment,
         "--values", values], capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "another operation" in blocked.stderr
    done = release("deploy", environment, VALUES=values)
    assert done.returncode == 0, done.stderr
    assert "going back to revision 1" in done.stderr
    assert status(environment) == (4, "deployed")


def test_the_way_back_of_a_stuck_release_is_the_revision_that_was_deployed(
    environment: str, values: str
) -> None:
    for tag in ("1.0", "1.1"):
        assert release("deploy", environment, VALUES=values, TAG=tag).returncode == 0
    set_status(environment, 2, "pending-upgrade")
    assert release("rollback", environment).returncode == 0
    image = "--output=jsonpath={.items[0].spec.template.spec.containers[0].image}"
    asked = ("--namespace", environment, "get", "deployments", image)
    assert kubectl(*asked).stdout == "shopcast-api:1.0"


def test_a_first_installation_that_was_cut_off_is_made_again(environment: str, values: str) -> None:
    assert release("deploy", environment, VALUES=values).returncode == 0
    set_status(environment, 1, "pending-install")
    done = release("deploy", environment, VALUES=values)
    assert done.returncode == 0, done.stderr
    assert status(environment) == (1, "deployed")


def test_wrong_use_says_what_is_wanted(tmp_path: Path) -> None:
    assert "usage:" in release("deploi", "x").stderr
    missing = release("deploy", "x", VALUES=str(tmp_path / "none.yaml"), HELM="true")
    assert (missing.returncode, "name the environment's values" in missing.stderr) == (2, True)
