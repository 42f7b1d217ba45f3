"""Steps on a real cluster, on a lake in S3: tables as on one machine, also when executors die."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lake_contents import content
from s3_server import running_s3, variables
from spark_cluster import SparkCluster, ended, running_cluster, wait_for
from spark_events import busy_executor, executors_of_stages, logged, page
from spark_installation import ROOT, pack_program

from lakehouse.lake import Lake
from lakehouse.storage import filesystem
from streaming.local_broker.broker import Broker
from streaming.local_broker.properties import free_port, is_open

sys.path.append(str(ROOT / "tests" / "streaming"))
from histories import History
from queries import Topics
from rebuilt import assert_same, rebuild

pytestmark = [
    pytest.mark.deploy,
    pytest.mark.timeout(900),
    # Ten minutes and more on two cores: too long for each change.
    pytest.mark.skipif("CLUSTER_CHECK" not in os.environ, reason="make cluster-check runs it"),
]

LAKE = "s3a://retailer/lake"
DATA = "s3a://retailer/data"
MODEL = "\n[model]\nrounds = 8\nintervals = { rounds = 3 }\n"
PIPELINE = ("--folds", "1")
BOTH = {"0", "1"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cluster")


@pytest.fixture(scope="module")
def store() -> Iterator[dict[str, str]]:
    """A server that speaks S3: the variables that lead to it, which this process has, too."""
    with running_s3() as address, pytest.MonkeyPatch.context() as patched:
        for name, value in variables(address).items():
            patched.setenv(name, value)
        yield variables(address)


@pytest.fixture(scope="module")
def cluster(folder: Path, store: dict[str, str]) -> Iterator[SparkCluster]:
    with running_cluster(folder, pack_program(), store) as running:
        yield running


@pytest.fixture(scope="module")
def mlflow(folder: Path) -> Iterator[dict[str, str]]:
    """An MLflow server, as a lake in a store needs: the variable that names it."""
    port = free_port()
    command = [sys.executable, "-m", "mlflow", "server", "--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", f"sqlite:///{folder}/mlflow.db"]
    command += ["--artifacts-destination", str(folder / "models")]
    with (folder / "mlflow.log").open("wb") as log:
        server = subprocess.Popen(
            command,
            env={**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        wait_for(lambda: is_open(port), "MLflow")
        yield {"MLFLOW_TRACKING_URI": f"http://127.0.0.1:{port}"}
    finally:
        os.killpg(server.pid, 9)
        server.wait()


@pytest.fixture(scope="module")
def files(cluster: SparkCluster) -> Path:
    """The sample and its profile where drivers start, and the sample in the store."""
    data = cluster.drivers / "data"
    command = [sys.executable, "-m", "jobs.make_sample", "--out", str(data)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    there = filesystem(DATA)
    for file in data.iterdir():
        with there.open_output_stream(file.name) as stream:
            stream.write(file.read_bytes())
    sample = (ROOT / "lakehouse" / "profile" / "profiles" / "sample.toml").read_text()
    (cluster.drivers / "sample.toml").write_text(sample.replace("[model]", MODEL))
    return data


@pytest.fixture(scope="module")
def local(folder: Path, files: Path) -> Lake:
    """The lake that the pipeline makes in one process, with as many tasks as the cluster has."""
    lake, profile = folder / "local", files.with_name("sample.toml")
    command = [sys.executable, "-m", "jobs.pipeline", "--lake", str(lake), "--data", str(files)]
    subprocess.run(
        [*command, "--profile", str(profile), *PIPELINE],
        cwd=ROOT,
        env={**os.environ, "SPARK_MASTER": "local[2]"},
        check=True,
        capture_output=True,
    )
    return Lake.at(str(lake))


@pytest.fixture(scope="module")
def stored(cluster: SparkCluster, files: Path, mlflow: dict[str, str], folder: Path) -> Lake:
    """The lake that the pipeline makes on the cluster."""
    events = logged(folder / "events")
    words = ("--lake", LAKE, "--data", DATA, "--profile", files.with_name("sample.toml"))
    command = cluster.submitted("jobs/pipeline.py", *words, *PIPELINE, **events)
    code, result = ended(cluster.start(command, **mlflow))
    assert code == 0, result
    return Lake.at(LAKE)


def tables(lake: Lake) -> dict[str, list[tuple[Any, ...]]]:
    """The content of a lake without the record of runs."""
    found = content(lake)
    found.pop("gold/job_runs")
    return found


def killed(
    cluster: SparkCluster, step: str, file: str, *arguments: str, **environment: str
) -> tuple[int, dict[str, Any]]:
    """Run a step, and kill the first executor that runs a task which a file asked for."""
    pages = page()
    command = cluster.submitted(f"jobs/{step}.py", "--lake", LAKE, *arguments, **pages)
    driver = cluster.start(command, **environment)
    number = busy_executor(driver, pages["spark.ui.port"], file)
    cluster.executors()[number].kill()
    return ended(driver)


def test_a_pipeline_ends_as_in_one_process(stored: Lake, local: Lake, folder: Path) -> None:
    ours, theirs = tables(stored), tables(local)
    assert ours.keys() == theirs.keys()
    assert [name for name in ours if ours[name] != theirs[name]] == []
    assert len(ours) > 25
    executors = executors_of_stages(folder / "events")
    assert (executors["parts"], executors["collective"]) == (BOTH, BOTH)


def test_an_executor_killed_in_a_build_leaves_the_tables_as_they_are(
    cluster: SparkCluster, stored: Lake
) -> None:
    before = tables(stored)
    code, result = killed(cluster, "build_features", "parts", "--rebuild")
    assert (code, result["status"]) == (0, "done"), result
    assert result["rows"]["gold/features_shop_item"] > 10_000
    assert tables(stored) == before


def test_an_executor_killed_in_a_training_leaves_the_same_model(
    cluster: SparkCluster, stored: Lake, mlflow: dict[str, str]
) -> None:
    before = tables(stored)
    train = ("train", "collective", "--workers", "2", "--as-is")
    code, result = killed(cluster, *train, **mlflow)
    if code:
        assert (code, "of its 2 workers" in result["error"]) == (1, True), result
        command = cluster.submitted("jobs/train.py", "--lake", LAKE, *train[2:])
        code, result = ended(cluster.start(command, **mlflow))
    assert (code, result["trained"]) == (0, True), result
    assert tables(stored) == before


def test_a_stream_ends_as_a_rebuild(cluster: SparkCluster, folder: Path) -> None:
    lake = Lake.at("s3a://retailer/streamed")
    events = logged(folder / "stream-events")
    checkpoint = filesystem(f"{lake.root}/checkpoints/ingest")
    with Broker(folder / "kafka") as broker:
        topics = Topics(broker.servers, "cluster")
        messages = History(5, sales=60).messages
        for i, part in enumerate((messages[::2], messages[1::2])):
            topics.send(part)
            words = ("ingest", "--lake", lake.root, "--profile", "sample", "--available-now")
            command = cluster.submitted("streaming/__main__.py", *words, **events)
            code, result = ended(cluster.start(command, **topics.environment))
            assert (code, result["events"]) == (0, len(part)), result
            assert checkpoint.get_file_info(f"commits/{i}").is_file
    cluster.run("streaming/__main__.py", "refresh", "--lake", lake.root, "--available-now")
    assert_same(lake, rebuild(lake, folder / "rebuilt"))
    # What a micro-batch asks for is called from py4j's server.
    assert executors_of_stages(folder / "stream-events")["clientserver"] == BOTH


def test_folders_that_executors_do_not_see_are_refused(cluster: SparkCluster, files: Path) -> None:
    lake = cluster.drivers / "lake"
    words = ("--lake", lake, "--data", files, "--profile", "sample")
    code, result = ended(cluster.start(cluster.submitted("jobs/ingest_history.py", *words)))
    assert (code, result["status"]) == (3, "refused")
    sentence = f"{files.as_uri()}, {lake.as_uri()}: executors of {cluster.url} do not see"
    assert result["error"].startswith(sentence)
    assert "--lake or LAKE_ROOT" in result["error"]


def test_executors_import_the_program_from_the_zip(cluster: SparkCluster) -> None:
    command = cluster.submitted("tests/deploy/executor_imports.py")
    out, err = cluster.start(command).communicate(timeout=300)
    assert out, err
    found = json.loads(out.splitlines()[-1])
    assert len({each["folder"] for each in found}) == 2
    for each in found:
        assert Path(each["folder"]).is_relative_to(cluster.drivers.parent)
        assert each["file"] == f"{each['folder']}/shopcast.zip/lakehouse/__init__.py"


@pytest.mark.usefixtures("files")
def test_executors_without_the_program_are_refused(cluster: SparkCluster) -> None:
    words = ("--lake", "s3a://retailer/other", "--data", DATA, "--profile", "sample")
    command = cluster.submitted("jobs/ingest_history.py", *words)
    place = command.index("--py-files")
    driver = cluster.start([*command[:place], *command[place + 2 :]], PYTHONPATH=str(ROOT))
    code, result = ended(driver)
    assert (code, "pass --py-files dist/shopcast.zip" in result["error"]) == (3, True)
