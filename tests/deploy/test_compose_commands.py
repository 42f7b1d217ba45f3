"""The commands of docker-compose.yml on a real broker, PostgreSQL, and a server that speaks S3."""

import json
import os
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import boto3
import httpx
import psycopg
import pytest
from airflow_server import BIN
from composition import METRICS, Composition, composed, running_kafka
from environments import ROOT, made, running
from processes import contained
from s3_server import KEYS, running_s3

from streaming.local_broker.properties import free_port

pytestmark = [pytest.mark.deploy, pytest.mark.timeout(1200)]

SALE = {"date": "2015-10-30", "shop_id": "0", "item_id": "121", "units": 3, "price": "9.50"}
DOCKERFILE = (ROOT / "Dockerfile.airflow").read_text(encoding="utf-8")
PAIR = "/predict?shop_id=0&item_id=121"


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    with running_s3("shopcast") as address:
        yield address


@pytest.fixture
def composition(s3: str, database: str, tmp_path: Path) -> Iterator[Composition]:
    """The composition on servers of this machine; its topics are made."""
    environments = {
        f"shopcast-{image}": made(image, tmp_path / image) for image in ("api", "spark")
    }
    mlflow = free_port()
    with running_kafka(tmp_path / "kafka") as servers:
        addresses = {
            "http://minio:9000": s3,
            "kafka:9092": servers,
            "http://mlflow:5000": f"http://127.0.0.1:{mlflow}",
            "--allowed-hosts=mlflow:5000": f"--allowed-hosts=127.0.0.1:{mlflow}",
            "--host=0.0.0.0": "--host=127.0.0.1",
            "--port=5000": f"--port={mlflow}",
            "postgresql+psycopg://shopcast:drawn@postgresql:5432/mlflow": database.replace(
                "postgresql:", "postgresql+psycopg:"
            ),
            "postgresql://shopcast:drawn@postgresql:5432/retail": database,
            "/data": str(tmp_path / "data"),
        }
        running = Composition(environments, addresses, tmp_path)
        assert running.run("topics")["created"] == ["daily-sales", "catalogue"]
        yield running


def answers(address: str) -> bool:
    try:
        return bool(urlopen(address, timeout=5).status == 200)
    except (URLError, ConnectionError, TimeoutError):
        return False


def metric(name: str, query: str) -> float:
    """Return a metric of a stream; 0 until its port is open."""
    try:
        text = urlopen(f"http://127.0.0.1:{METRICS[query]}/metrics", timeout=5).read().decode()
    except (URLError, ConnectionError):
        return 0
    lines = [line for line in text.splitlines() if line.startswith(f"{name} ")]
    return float(lines[0].split()[1]) if lines else 0


def wait_for(ready: "object", seconds: float = 180) -> None:
    deadline = time.monotonic() + seconds
    while not ready():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.5)


def send_a_sale(composition: Composition, client: httpx.Client) -> None:
    """Send a sale to the API with a key that is made as the document says."""
    command, variables = composition.service("api")
    words = [*command, "keys", "create", "--name", "till", "--scope", "write"]
    made_key = subprocess.run(
        words, env={**variables, **state(composition)}, capture_output=True, text=True, check=True
    )
    key = made_key.stdout.split()[-1]
    headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": "one"}
    answer = client.post("/update_data?what=sales", json=[SALE], headers=headers)
    assert (answer.status_code, answer.json()["accepted"]) == (202, 1), answer.text


def state(composition: Composition) -> dict[str, str]:
    """Return the variables of the image for its two folders."""
    names = {"STATE_FOLDER": "state", "CACHE_FOLDER": "cache"}
    return {name: str(composition.folder / folder) for name, folder in names.items()}


def test_files_become_forecasts_that_the_api_serves_and_the_streams_keep_fresh(
    composition: Composition, s3: str, database: str
) -> None:
    health = composition.here("http://mlflow:5000/health")
    with composition.start("mlflow") as mlflow:
        mlflow.wait_until(lambda: answers(health), 120)
        composition.run("sample")
        figures = composition.run("pipeline", "--folds", "1")
        assert figures["forecast"]["published"]
    store = boto3.client(
        "s3",
        endpoint_url=s3,
        region_name="us-east-1",
        aws_access_key_id=KEYS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=KEYS["AWS_SECRET_ACCESS_KEY"],
    )
    models = store.list_objects_v2(Bucket="shopcast", Prefix="mlflow/")
    assert any(each["Key"].endswith("/artifacts/recipe.json") for each in models["Contents"])

    composition.run("publish-postgresql")
    with psycopg.connect(database) as connection:
        copied = connection.execute("SELECT count(*) FROM shopcast.forecasts").fetchone()
    assert copied == (figures["forecast"]["rows"],)

    # Without the copy in MongoDB: ITEMS_STORE is of docs/how_to/copies.md's own tests.
    served = composition.start("api", "--port", "0", ITEMS_STORE="", **state(composition))
    with served as api, api.client() as client:
        api.wait_until(lambda: client.get("/readyz").status_code == 200)
        assert client.get(PAIR).json()["forecasts"]
        send_a_sale(composition, client)
        with composition.start("ingest") as ingest, composition.start("refresh") as refresh:
            wait_for(lambda: metric("shopcast_ingest_events_total", "ingest") == 1)
            wait_for(lambda: metric("shopcast_refresh_rows_total", "refresh") > 0)
            assert (ingest.stop(), refresh.stop()) == (0, 0)
            assert json.loads(ingest.log.splitlines()[-1])["events"] == 1


def test_airflow_starts_with_the_pool_and_the_dags(tmp_path: Path) -> None:
    if not (BIN / "airflow").exists():
        pytest.skip("make deploy-tools installs Airflow")
    declared = composed()["services"]["airflow"]
    image = re.findall(r"(\w+)=(\S*)", DOCKERFILE.partition("\nENV ")[2].partition("\nEXPOSE")[0])
    port = free_port()
    variables = {
        **dict(image),
        **declared["environment"],
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "AIRFLOW_HOME": str(tmp_path),
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
    }
    # Whatever Airflow starts ends with the first process, as in a container.
    command = contained(["unshare", "--mount-proc", *declared["entrypoint"], *declared["command"]])
    with running(command, variables, tmp_path / "log") as server:
        address = f"http://127.0.0.1:{port}/api/v2"
        server.wait_until(lambda: answers(f"{address}/monitor/health"), 180)
        with httpx.Client(base_url=address, timeout=30) as client:
            assert client.get("/pools/shopcast_lake").json()["slots"] == 1
            expected = {"monthly_forecast", "daily_update", "data_update", "retrain"}
            server.wait_until(
                lambda: expected <= {dag["dag_id"] for dag in client.get("/dags").json()["dags"]},
                120,
            )
