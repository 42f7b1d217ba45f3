"""POST /train on Kubernetes: a run is one Job, found again after a restart, never two at a time."""

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from chart import rendered
from cluster import apply, kubectl, read, require_cluster, restricted_namespace, wait_for

from serving.problems import ProblemError
from serving.state import StateFolder
from serving.training.engine import NoRoomError, RunningError
from serving.training.kubernetes.api_server import ApiServer, ApiServerError
from serving.training.kubernetes.engine import KubernetesEngine
from serving.training.run import Options, Run, RunState
from serving.training.service import Trainings
from serving.training.store import RunStore

pytestmark = pytest.mark.deploy

LAKE = "s3a://bucket/lake"
TRAINING = {"lake.root": LAKE, "training.enabled": "true"}
MANIFESTS = ("api/account.yaml", "api/training-role.yaml", "api/training.yaml")
ONE, TWO = "1" * 32, "2" * 32


@pytest.fixture
def retail() -> Iterator[str]:
    """A namespace with the chart's accounts, rights and manifest of the Job."""
    require_cluster()
    with restricted_namespace() as name:
        shown = [word for file in MANIFESTS for word in ("--show-only", f"templates/{file}")]
        for each in rendered(TRAINING, "--namespace", name, *shown):
            apply(each, "--namespace", name)
        yield name


@pytest.fixture
def server(retail: str, tmp_path: Path) -> ApiServer:
    """The API server as the pod of the API asks it: with the token of its account."""
    view = yaml.safe_load(kubectl("config", "view", "--raw", "--minify", "-o", "yaml").stdout)
    cluster = view["clusters"][0]["cluster"]
    authority = cluster.get("certificate-authority-data")
    certificate = (
        base64.b64decode(authority)
        if authority
        else Path(cluster["certificate-authority"]).read_bytes()
    )
    token = kubectl("--namespace", retail, "create", "token", "r-shopcast-api").stdout
    (tmp_path / "ca.crt").write_bytes(certificate)
    (tmp_path / "token").write_text(token)
    (tmp_path / "namespace").write_text(retail)
    return ApiServer(cluster["server"], tmp_path)


@pytest.fixture
def engine(retail: str, server: ApiServer, tmp_path: Path) -> KubernetesEngine:
    return engine_at(retail, server, tmp_path)


def engine_at(retail: str, server: ApiServer, folder: Path) -> KubernetesEngine:
    manifest = folder / "job.json"
    data = read(retail, "configmap", "r-shopcast-training")["data"]
    job = json.loads(data["job.json"])
    # No node takes the pod: the test itself says how far the pod is, as a kubelet does.
    job["spec"]["template"]["spec"]["nodeSelector"] = {"shopcast/none": "true"}
    manifest.write_text(json.dumps(job))
    return KubernetesEngine(server, manifest, LAKE, lambda: datetime.now(UTC))


def run_of(run_id: str) -> Run:
    return Run(run_id, Options((1, 2)), "tills", datetime.now(UTC) - timedelta(minutes=1))


def set_running(retail: str, run_id: str) -> None:
    """Say that a run's pod runs, as a kubelet does."""
    pods = ("pods", f"--selector=shopcast/run={run_id}")
    (pod,) = wait_for(lambda: read(retail, *pods)["items"], "the pod of the run")
    name = pod["metadata"]["name"]
    status = json.dumps({"status": {"phase": "Running"}})
    kubectl("--namespace", retail, "patch", "pod", name, "--subresource=status", "-p", status)


def is_running(engine: KubernetesEngine, run: Run) -> bool:
    return engine.progress(run).state == RunState.RUNNING


def test_a_run_is_a_job_with_the_steps_of_the_run(retail: str, engine: KubernetesEngine) -> None:
    engine.start(run_of(ONE))
    (job,) = read(retail, "jobs")["items"]
    assert job["metadata"]["labels"]["shopcast/run"] == ONE
    steps = json.loads(job["spec"]["template"]["spec"]["containers"][0]["args"][-1])
    assert [step["name"] for step in steps][-2:] == ["jobs.train", "jobs.promote"]
    assert steps[-1]["arguments"] == ["--lake", LAKE, "--horizons", "1,2"]
    set_running(retail, ONE)
    assert is_running(engine, run_of(ONE))


def test_another_run_waits_and_the_first_is_found_again(
    retail: str, server: ApiServer, engine: KubernetesEngine, tmp_path: Path
) -> None:
    def service(engine: KubernetesEngine) -> Trainings:
        return Trainings(RunStore(StateFolder(tmp_path / "state")), engine, engine.clock)

    before = service(engine)
    before.begin(ONE, Options((1,)), "tills")
    restarted = service(engine_at(retail, server, tmp_path))
    assert restarted.begin(ONE, Options((1,)), "tills").id == ONE
    assert len(read(retail, "jobs")["items"]) == 1
    with pytest.raises(ProblemError) as refused:
        restarted.begin(TWO, Options((1,)), "tills")
    assert refused.value.problem.status == 409
    assert ONE in str(refused.value.headers)
    with pytest.raises(RunningError):
        engine.start(run_of(TWO))


def test_a_cancelled_run_gives_way_to_the_next(retail: str, engine: KubernetesEngine) -> None:
    engine.start(run_of(ONE))
    set_running(retail, ONE)
    assert is_running(engine, run_of(ONE))
    engine.cancel(ONE)
    assert engine.progress(run_of(ONE)).state == RunState.CANCELLED
    pods = ("pods", f"--selector=shopcast/run={ONE}")
    wait_for(lambda: not read(retail, *pods)["items"], "the end of the pod")
    engine.start(run_of(TWO))
    assert engine.progress(run_of(ONE)).state == RunState.CANCELLED
    engine.forget(ONE)
    engine.forget(ONE)
    left = read(retail, "jobs")["items"]
    assert [job["metadata"]["labels"]["shopcast/run"] for job in left] == [TWO]


def test_a_run_whose_pod_is_deleted_has_failed(retail: str, engine: KubernetesEngine) -> None:
    engine.start(run_of(ONE))
    set_running(retail, ONE)
    assert is_running(engine, run_of(ONE))
    kubectl("--namespace", retail, "delete", "pod", f"--selector=shopcast/run={ONE}")
    wait_for(lambda: engine.progress(run_of(ONE)).is_ended, "the end of the run")
    ended = engine.progress(run_of(ONE))
    assert ended.state == RunState.FAILED
    assert "deleted or evicted" in str(ended.reason)
    engine.start(run_of(TWO))


def test_a_run_whose_job_is_gone_has_failed(engine: KubernetesEngine) -> None:
    ended = engine.progress(run_of(ONE))
    assert (ended.state, ended.reason) == (RunState.FAILED, ended.reason)
    assert "was deleted" in str(ended.reason)


def test_a_quota_without_room_refuses_before_anything_is_made(
    retail: str, engine: KubernetesEngine
) -> None:
    quota = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "small", "namespace": retail},
        "spec": {"hard": {"requests.memory": "4Gi"}},
    }
    apply(quota)
    wait_for(lambda: read(retail, "resourcequota", "small").get("status"), "the quota's count")
    with pytest.raises(NoRoomError, match=r"quota small allows requests\.memory 4Gi"):
        engine.start(run_of(ONE))
    assert read(retail, "jobs")["items"] == []


def test_without_the_right_nothing_is_started(retail: str, server: ApiServer) -> None:
    kubectl("--namespace", retail, "delete", "role", "r-shopcast-training")
    wait_for(lambda: not may_list(server), "the right to go")
    with pytest.raises(ApiServerError, match="forbidden"):
        server.get("batch/v1:jobs")


def may_list(server: ApiServer) -> bool:
    try:
        server.get("batch/v1:jobs")
    except ApiServerError:
        return False
    return True
