"""A lake in Azure's storage: intake, build, maintenance, writers at the same time, the API."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from azure_server import ACCOUNT, running_azure, variables
from environments import made
from published import PublishedLake, forecast
from served import served_snapshot
from store_checks import check_no_commit_is_lost, check_same_as_in_a_folder
from token_store import PASSWORD, token_store

from lakehouse.lake import Lake

pytestmark = pytest.mark.deploy

CONTAINER = f"abfss://retailer@{ACCOUNT}.dfs.core.windows.net"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with running_azure() as server:
        yield server


@pytest.fixture
def stored(address: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Lake:
    """A place for a lake in the container."""
    for name, value in variables(address).items():
        monkeypatch.setenv(name, value)
    return Lake.at(f"{CONTAINER}/{request.node.name}")


def test_sales_cells_and_features_are_as_in_a_folder(stored: Lake, lake: Lake) -> None:
    check_same_as_in_a_folder(stored, lake)


def test_writers_at_the_same_time_lose_no_commit(stored: Lake) -> None:
    check_no_commit_is_lost(stored)


def test_published_forecasts_are_served(stored: Lake) -> None:
    published = PublishedLake(stored.root)
    published.publish("v1", forecast(units=2.5))
    snapshot = served_snapshot(stored)
    assert snapshot.version.version == "v1"


# Publishes, lets the token change, publishes again, and prints what the API would serve.
PUBLISH_TWICE = """
import sys, time
from published import PublishedLake, forecast
from served import served_snapshot

published = PublishedLake(sys.argv[1])
published.publish("v1", forecast())
print(served_snapshot(published.lake).version.version, flush=True)
sys.stdin.readline()
published.publish("v2", forecast())
print(served_snapshot(published.lake).version.version, flush=True)
"""


def test_a_process_writes_and_reads_by_a_token_file_that_changes_meanwhile(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("one")
    with token_store(tmp_path) as store, running_azure(tmp_path) as address:
        store.life = 4
        # As AKS names them; keys and the emulator's own way are left out.
        identity = {
            "AZURE_STORAGE_ENDPOINT": f"{address}/{ACCOUNT}",
            "AZURE_STORAGE_ACCOUNT_NAME": ACCOUNT,
            "AZURE_CLIENT_ID": "shopcast",
            "AZURE_TENANT_ID": "tenant",
            "AZURE_FEDERATED_TOKEN_FILE": str(token),
            "AZURE_AUTHORITY_HOST": f"{store.entra}/",
            "SSL_CERT_FILE": str(tmp_path / "ca.pem"),
        }
        process = subprocess.Popen(
            [sys.executable, "-c", PUBLISH_TWICE, f"{CONTAINER}/lake"],
            env={**os.environ, **identity, "PYTHONPATH": os.pathsep.join(sys.path)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        began = time.monotonic()
        assert process.stdout.readline() == "v1\n"
        store.rotate(token, "two")
        time.sleep(store.life)
        assert process.communicate("\n", timeout=60)[0] == "v2\n"
        lifetimes = 1 + (time.monotonic() - began) // (store.life * 3 / 4 - 1)
    assert (process.returncode, store.turned_away) == (0, [])
    assert set(store.exchanged) == {"Python-urllib"}
    assert 2 <= len(store.exchanged) <= lifetimes


# Asks for a token as Spark's connector of abfss:// does, by the values that the image has.
ASK_FOR_A_TOKEN = """
from pyspark import SparkContext

SparkContext._ensure_initialized()
hadoop = SparkContext._jvm.org.apache.hadoop
values = hadoop.conf.Configuration()
values.set("fs.azure.account.auth.type", "OAuth")
account = hadoop.fs.azurebfs.AbfsConfiguration(values, "example.dfs.core.windows.net")
print(account.getTokenProvider().getToken().getAccessToken())
"""


def test_the_connector_of_spark_exchanges_the_token_file(tmp_path: Path) -> None:
    spark_image = made("spark", tmp_path / "code")
    (tmp_path / "token").write_text("one")
    with token_store(tmp_path) as store:
        trusted = f"-Djavax.net.ssl.trustStore={tmp_path}/trust.p12"
        identity = {
            "AZURE_CLIENT_ID": "shopcast",
            "AZURE_TENANT_ID": "tenant",
            "AZURE_FEDERATED_TOKEN_FILE": str(tmp_path / "token"),
            "AZURE_AUTHORITY_HOST": f"{store.entra}/",
            "JDK_JAVA_OPTIONS": f"{trusted} -Djavax.net.ssl.trustStorePassword={PASSWORD}",
            "PYSPARK_SUBMIT_ARGS": "pyspark-shell",
        }
        done = subprocess.run(
            [str(spark_image.python), "-c", ASK_FOR_A_TOKEN],
            env=spark_image.variables(tmp_path, **identity),
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("ey"), "the bearer token of the token service"
    assert (store.exchanged, store.turned_away) == (["Java"], [])
