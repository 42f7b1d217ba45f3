"""Identity without keys: a Spark step and the API run by a token file, which changes meanwhile."""

import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import boto3
import pytest
from environments import Environment, made, running
from job_runs import run
from published import PublishedLake, forecast
from s3_server import KEYS, running_s3
from token_store import PASSWORD, TokenStore, token_store

from jobs import make_sample

pytestmark = pytest.mark.deploy

PAIR = "/predict?shop_id=57&item_id=5037"
CORES = 2


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    with running_s3() as address:
        yield address


@pytest.fixture
def store(s3: str, tmp_path: Path) -> Iterator[TokenStore]:
    """S3 that admits only credentials of the token service; the token is in the file ``token``."""
    (tmp_path / "token").write_text("one")
    with token_store(tmp_path, urlsplit(s3).port or 0) as running_store:
        yield running_store


@pytest.fixture(scope="module")
def spark_image(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    return made("spark", tmp_path_factory.mktemp("spark"))


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    return made("api", tmp_path_factory.mktemp("api"))


def identity(store: TokenStore, folder: Path) -> dict[str, str]:
    """Return the variables that EKS puts into a pod, and where the servers of the test are."""
    trusted = f"-Djavax.net.ssl.trustStore={folder}/trust.p12"
    return {
        "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/shopcast",
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(folder / "token"),
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": store.s3,
        "AWS_ENDPOINT_URL_STS": store.sts,
        "AWS_ALLOW_HTTP": "true",
        "SSL_CERT_FILE": str(folder / "ca.pem"),
        "JDK_JAVA_OPTIONS": f"{trusted} -Djavax.net.ssl.trustStorePassword={PASSWORD}",
        "SPARK_MASTER": f"local[{CORES}]",
    }


# Amazon's Java library asks again a minute before credentials end.
@pytest.mark.parametrize(("life", "from_java"), [(3600, 1), (75, 2)])
def test_a_step_of_spark_runs_by_a_token_file_that_changes_meanwhile(
    life: int, from_java: int, store: TokenStore, spark_image: Environment, tmp_path: Path
) -> None:
    store.life = life
    assert run(make_sample.JOB, "--out", tmp_path / "sample")[0] == 0
    lake = ["--lake", f"s3a://retailer/lake-{life}", "--data", "sample", "--profile", "sample"]
    command = [str(spark_image.python), "-m", "jobs.ingest_history", *lake]
    variables = spark_image.variables(tmp_path, **identity(store, tmp_path))
    began = time.monotonic()
    with (tmp_path / "log").open("w") as log:
        step = subprocess.Popen(command, env=variables, cwd=tmp_path, stderr=log)
    while not store.exchanged:
        assert step.poll() is None, (tmp_path / "log").read_text()
        time.sleep(0.05)
    store.rotate(tmp_path / "token", "two")
    assert step.wait(300) == 0, (tmp_path / "log").read_text()
    lifetimes = 1 + (time.monotonic() - began) // (life * 3 / 4)
    programs = Counter(store.exchanged)
    assert store.turned_away == []
    assert set(programs) == {"Python-urllib", "aws-sdk-java"}, "each by its own, delta-rs by none"
    assert programs["aws-sdk-java"] >= from_java
    assert life < 3600 or programs["aws-sdk-java"] == 1
    # The driver and Spark's Python workers.
    assert programs["Python-urllib"] <= (1 + CORES) * lifetimes


def test_the_api_serves_by_a_token_file_that_changes_meanwhile(
    s3: str, store: TokenStore, api: Environment, tmp_path: Path
) -> None:
    store.life = 8
    published = PublishedLake(tmp_path / "lake")
    published.publish("v1", forecast(units=1.0))
    upload(tmp_path / "lake", s3)
    more = {
        "LAKE_ROOT": "s3a://retailer/lake",
        "REFRESH_SECONDS": "0.5",
        "STATE_FOLDER": str(tmp_path / "state"),
        "CACHE_FOLDER": str(tmp_path / "cache"),
    }
    variables = api.variables(tmp_path, **identity(store, tmp_path), **more)
    command = [str(api.python), "-m", "serving", "--port", "0"]
    began = time.monotonic()
    with running(command, variables, tmp_path / "api.log") as server, server.client() as client:
        server.wait_until(lambda: client.get("/readyz").status_code == 200)
        assert client.get(PAIR).json()["forecasts"][0]["units"] == 1.0
        store.rotate(tmp_path / "token", "two")
        time.sleep(store.life)
        published.publish("v2", forecast(units=2.0))
        upload(tmp_path / "lake", s3)
        server.wait_until(lambda: client.get(PAIR).json()["forecasts"][0]["units"] == 2.0)
    lifetimes = 1 + (time.monotonic() - began) // (store.life * 3 / 4 - 1)
    assert store.turned_away == []
    assert 2 <= len(store.exchanged) <= lifetimes


def upload(lake: Path, address: str) -> None:
    """Copy a lake's folder into the bucket, logs last."""
    bucket = boto3.resource(
        "s3",
        endpoint_url=address,
        region_name="us-east-1",
        aws_access_key_id=KEYS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=KEYS["AWS_SECRET_ACCESS_KEY"],
    ).Bucket("retailer")
    files = [path for path in lake.rglob("*") if path.is_file()]
    for path in sorted(files, key=lambda path: ("_delta_log" in path.parts, path.name)):
        bucket.upload_file(str(path), f"lake/{path.relative_to(lake).as_posix()}")
