"""Pods that the DAGs start: no more than Pod Security's level restricted allows, and no sidecar."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from airflow_server import BIN, ROOT, require_airflow, settings
from dag_parts import settings as dag_settings
from dag_parts import steps

pytestmark = pytest.mark.deploy

HERE = Path(__file__).parent
# Where there is no cluster, Airflow only needs to read some configuration.
NO_CLUSTER = """apiVersion: v1
kind: Config
current-context: none
clusters: [{name: none, cluster: {server: "https://127.0.0.1:1"}}]
users: [{name: none, user: {}}]
contexts: [{name: none, context: {cluster: none, user: none}}]
"""
Pods = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def variables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    require_airflow()
    folder = tmp_path_factory.mktemp("airflow_pods")
    (folder / "kubeconfig").write_text(NO_CLUSTER)
    return {
        **settings(folder, 1),
        "KUBECONFIG": os.environ.get("KUBECONFIG", str(folder / "kubeconfig")),
        "SHOPCAST_RUNNER": "pod",
        "SHOPCAST_IMAGE": "shopcast-jobs@sha256:" + 64 * "0",
        "SHOPCAST_SECRET": "shopcast-jobs",
        "SHOPCAST_LAKE": "s3a://bucket/lake",
    }


@pytest.fixture(scope="module")
def pods(variables: dict[str, str]) -> Pods:
    command = [BIN / "python", HERE / "pod_specs.py", ROOT / "dags"]
    printed = subprocess.run(command, env=variables, check=True, capture_output=True, text=True)
    read: dict[str, Any] = json.loads(printed.stdout.splitlines()[-1])
    assert read["errors"] == {}
    found: Pods = read["pods"]
    return found


def faults(pod: dict[str, Any]) -> list[str]:
    """What the level restricted refuses, and what a step does not need."""
    spec = pod["spec"]
    of_pod = spec["securityContext"]
    checks = {
        "containers": len(spec["containers"]) == 1 and not spec.get("initContainers"),
        "seccomp": of_pod.get("seccompProfile") == {"type": "RuntimeDefault"},
        "root": of_pod.get("runAsNonRoot") is True and of_pod.get("runAsUser") != 0,
        "host": not any(spec.get(name) for name in ("hostNetwork", "hostPID", "hostIPC")),
        "volumes": all(set(volume) == {"name", "emptyDir"} for volume in spec["volumes"]),
    }
    named = [name for name, is_met in checks.items() if not is_met]
    return named + [fault for container in spec["containers"] for fault in own_faults(container)]


def own_faults(container: dict[str, Any]) -> list[str]:
    context = container.get("securityContext", {})
    checks = {
        "escalation": context.get("allowPrivilegeEscalation") is False,
        "privileged": not context.get("privileged"),
        "capabilities": context.get("capabilities") == {"drop": ["ALL"]},
        "writable root": context.get("readOnlyRootFilesystem") is True,
        "limits": set(container["resources"].get("limits", ())) == {"cpu", "memory"},
    }
    return [name for name, is_met in checks.items() if not is_met]


def test_every_step_is_a_pod(pods: Pods) -> None:
    every = steps.Steps(dag_settings.DagSettings())
    monthly = [*every.closing("m"), *every.forecasting("m"), *every.delivering("m")]
    expected = {f"monthly_forecast.{step.name}": step.command for step in monthly}
    expected |= {f"daily_update.{step.name}": step.command for step in every.updating()}
    started = {name: pod["spec"]["containers"][0]["args"][2] for name, pod in pods.items()}
    assert started == {name: f"jobs.{command}" for name, command in expected.items()}


def test_every_pod_is_restricted_and_has_one_container(pods: Pods) -> None:
    assert {name: found for name, pod in pods.items() if (found := faults(pod))} == {}


def test_no_pod_has_a_secret_in_its_specification(pods: Pods) -> None:
    for pod in pods.values():
        (container,) = pod["spec"]["containers"]
        assert container["envFrom"] == [{"secretRef": {"name": "shopcast-jobs"}}]
        assert container["env"] == [{"name": "HOME", "value": "/tmp"}]


def kubectl(*arguments: str, document: object = None) -> subprocess.CompletedProcess[str]:
    text = json.dumps(document) if document else None
    command = ["kubectl", *arguments]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=False)


@pytest.fixture
def namespace() -> Iterator[str]:
    """A namespace that admits restricted pods alone."""
    if not os.environ.get("KUBECONFIG"):
        pytest.skip("KUBECONFIG names no cluster")
    name = f"dags-{os.getpid()}"
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    metadata = {"name": name, "labels": labels}
    of_kind = {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}
    created = kubectl("create", "-f", "-", document=of_kind)
    assert created.returncode == 0, created.stderr
    account = kubectl("create", "serviceaccount", "shopcast-jobs", "-n", name)
    assert account.returncode == 0, account.stderr
    yield name
    kubectl("delete", "namespace", name, "--wait=false")


def test_a_cluster_admits_the_pods_and_no_weaker_one(pods: Pods, namespace: str) -> None:
    apply = ("create", "--dry-run=server", "-n", namespace, "-f", "-")
    for pod in pods.values():
        pod["metadata"]["namespace"] = namespace
    every = {"apiVersion": "v1", "kind": "List", "items": list(pods.values())}
    admitted = kubectl(*apply, document=every)
    assert admitted.returncode == 0, admitted.stderr
    weaker = json.loads(json.dumps(pods["monthly_forecast.train"]))
    del weaker["spec"]["containers"][0]["securityContext"]["capabilities"]
    refused = kubectl(*apply, document=weaker)
    assert "violates PodSecurity" in refused.stderr


@pytest.mark.parametrize(
    ("where", "value", "fault"),
    [
        (("securityContext", "runAsNonRoot"), False, "root"),
        (("securityContext", "seccompProfile"), None, "seccomp"),
        (("hostNetwork",), True, "host"),
    ],
)
def test_a_weaker_pod_is_found(pods: Pods, where: tuple[str, ...], value: Any, fault: str) -> None:
    weaker = json.loads(json.dumps(pods["monthly_forecast.train"]))
    place = weaker["spec"]
    for name in where[:-1]:
        place = place[name]
    place[where[-1]] = value
    assert faults(weaker) == [fault]
