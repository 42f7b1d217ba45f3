"""A Kubernetes API server for tests: whichever KUBECONFIG names."""

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import pytest

WAIT_SECONDS = 60


def require_cluster() -> None:
    """Skip the test where no API server is configured or answers."""
    if not os.environ.get("KUBECONFIG"):
        pytest.skip("KUBECONFIG names no cluster")
    if kubectl("version", check=False).returncode:
        pytest.skip("the API server of KUBECONFIG does not answer")


def kubectl(
    *arguments: str, text: str | None = None, check: bool = True
) -> subprocess.CompletedProcess[str]:
    """Run kubectl; ``text`` is its standard input."""
    command = ["kubectl", *arguments]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0 or not check, done.stderr
    return done


@contextmanager
def restricted_namespace() -> Iterator[str]:
    """Make a namespace that admits only pods of the Pod Security Standard ``restricted``."""
    name = f"shopcast-{uuid4().hex[:8]}"
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
    try:
        yield name
    finally:
        kubectl("delete", "namespace", name, "--wait=false", check=False)


def apply(body: Any, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Create or change an object."""
    return kubectl("apply", "-f", "-", *arguments, text=json.dumps(body))


def read(namespace: str, *what: str) -> Any:
    """Read an object or a list."""
    return json.loads(kubectl("--namespace", namespace, "get", *what, "--output=json").stdout)


def wait_for(condition: Callable[[], Any], what: str) -> Any:
    """Return what a condition returns once it is true."""
    give_up_at = time.monotonic() + WAIT_SECONDS
    while not (found := condition()):
        assert time.monotonic() < give_up_at, f"{what}: not within {WAIT_SECONDS} s"
        time.sleep(0.3)
    return found


def volume(name: str, namespace: str, claim: str) -> dict[str, Any]:
    """Return a volume for a claim: test clusters have no provisioner."""
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name},
        "spec": {
            "capacity": {"storage": "100Gi"},
            "accessModes": ["ReadWriteOnce"],
            "hostPath": {"path": "/tmp"},
            "claimRef": {"namespace": namespace, "name": claim},
        },
    }
