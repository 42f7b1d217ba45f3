"""The chart on a real API server: admitted, upgraded, rolled back, with no right too many."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from chart import CHART, EVERYTHING, HELM, options
from cluster import apply, kubectl, read, volume, wait_for

pytestmark = pytest.mark.deploy

HELM4 = str(Path.home() / ".cache" / "shopcast" / "helm4" / "helm")
ACCOUNT = "system:serviceaccount:{namespace}:r-shopcast-{account}"
ALLOWED = {
    "api": ["create jobs.batch", "patch jobs.batch", "delete jobs.batch", "list pods"],
    "spark": ["create pods", "delete pods", "create configmaps", "watch pods"],
}
DENIED = {
    "api": ["create pods", "get secrets", "list secrets", "delete pods", "create deployments.apps"],
    "spark": ["get secrets", "create jobs.batch", "create deployments.apps", "create roles"],
}


def helm(program: str, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    command = [program, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0 or not check, done.stdout + done.stderr
    return done


@pytest.fixture(scope="module")
def released(namespace: str) -> Iterator[str]:
    """The namespace with the chart installed by Helm 3 and all its pods ready."""
    apply(volume(f"{namespace}-writer", namespace, "r-shopcast-writer-state"))
    common = ["--namespace", namespace, "--wait", "--timeout", "90s"]
    helm(HELM, "install", "r", str(CHART), *common, *options(EVERYTHING))
    yield namespace
    helm(HELM, "uninstall", "r", "--namespace", namespace, check=False)
    kubectl("delete", "pv", f"{namespace}-writer", "--wait=false", check=False)


def test_every_pod_is_admitted_where_restricted_is_enforced(released: str) -> None:
    pods = read(released, "pods")["items"]
    names = {pod["metadata"]["labels"]["app.kubernetes.io/component"] for pod in pods}
    assert names == {"api", "ingest", "refresh", "writer"}
    assert {pod["status"]["phase"] for pod in pods} == {"Running"}
    notes = helm(HELM, "get", "notes", "r", "--namespace", released).stdout
    assert "http://forecasts.example.com/" in notes


def test_a_pod_of_a_schedule_and_an_executor_are_admitted(released: str) -> None:
    cron = "cronjob/r-shopcast-maintain"
    kubectl("--namespace", released, "create", "job", "once", f"--from={cron}")
    wait_for(
        lambda: read(released, "pods", "--selector=job-name=once")["items"], "the pod of the job"
    )
    data = read(released, "configmap", "r-shopcast-spark")["data"]
    executor = yaml.safe_load(data["executor.yaml"])
    executor["metadata"]["name"] = "executor"
    executor["spec"]["containers"][0]["image"] = "shopcast-spark"
    apply(executor, "--namespace", released)
    broken = json.loads(json.dumps(executor))
    broken["metadata"]["name"] = "broken"
    del broken["spec"]["containers"][0]["securityContext"]["allowPrivilegeEscalation"]
    refused = kubectl(
        "--namespace", released, "apply", "-f", "-", text=json.dumps(broken), check=False
    )
    assert "violates PodSecurity" in refused.stderr


@pytest.mark.parametrize("account", ["api", "spark"])
def test_an_account_may_do_what_it_needs_and_nothing_else(released: str, account: str) -> None:
    who = ACCOUNT.format(namespace=released, account=account)

    def may(right: str) -> bool:
        verb, resource = right.split()
        asked = ("--namespace", released, "auth", "can-i", verb, resource, f"--as={who}")
        return kubectl(*asked, check=False).stdout.strip() == "yes"

    assert {right: may(right) for right in ALLOWED[account]} == dict.fromkeys(
        ALLOWED[account], True
    )
    assert {right: may(right) for right in DENIED[account]} == dict.fromkeys(DENIED[account], False)
    elsewhere = kubectl("--namespace", "default", "auth", "can-i", "list", "pods", f"--as={who}",
                        check=False)  # fmt: skip
    assert elsewhere.stdout.strip() == "no"


def test_a_right_too_many_is_noticed(released: str) -> None:
    """Prove that the test before this one can fail."""
    role = ("--namespace", released, "patch", "role", "r-shopcast-training", "--type=json")
    rule = {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}
    kubectl(*role, "--patch", json.dumps([{"op": "add", "path": "/rules/0", "value": rule}]))
    who = ACCOUNT.format(namespace=released, account="api")
    asked = ("--namespace", released, "auth", "can-i", "get", "secrets", f"--as={who}")
    wait_for(lambda: kubectl(*asked, check=False).stdout.strip() == "yes", "the wider right")
    kubectl(*role, "--patch", json.dumps([{"op": "remove", "path": "/rules/0"}]))


@pytest.mark.parametrize("component", ["api", "refresh"])
def test_a_pod_lets_its_node_be_drained(released: str, component: str) -> None:
    selector = f"--selector=app.kubernetes.io/component={component}"
    pod = read(released, "pods", selector)["items"][0]["metadata"]["name"]
    body = {
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"name": pod, "namespace": released},
    }
    path = f"/api/v1/namespaces/{released}/pods/{pod}/eviction"
    kubectl("create", "--raw", path, "-f", "-", text=json.dumps(body))
    wait_for(
        lambda: (
            pod
            not in [each["metadata"]["name"] for each in read(released, "pods", selector)["items"]]
        ),
        "the pod to go",
    )


@pytest.mark.parametrize("program", [HELM, HELM4], ids=["helm 3", "helm 4"])
def test_an_upgrade_and_a_way_back_keep_what_an_autoscaler_set(released: str, program: str) -> None:
    if not Path(program).exists():
        pytest.skip(f"{program} is not installed (make deploy-tools)")
    deployment = ("deployment", "r-shopcast-api")
    kubectl("--namespace", released, "scale", "deployment/r-shopcast-api", "--replicas=3")
    before = read(released, *deployment)["metadata"]["generation"]
    common = ["--namespace", released, "--wait", "--timeout", "90s"]
    helm(program, "upgrade", "r", str(CHART), *common,
         *options({**EVERYTHING, "settings.api.REFRESH_SECONDS": "30"}))  # fmt: skip
    upgraded = read(released, *deployment)
    assert upgraded["spec"]["replicas"] == 3
    assert upgraded["metadata"]["generation"] > before
    helm(program, "rollback", "r", *common)
    back = read(released, *deployment)
    assert back["spec"]["replicas"] == 3
    assert "REFRESH_SECONDS" not in (
        read(released, "configmap", "r-shopcast-api").get("data") or {}
    )
