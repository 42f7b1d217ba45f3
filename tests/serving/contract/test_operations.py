"""Every operation keeps the OpenAPI document: schemathesis asks a server, with all its checks."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from published import PublishedLake, forecast
from server import started

FOLDER = Path(__file__).parent
# Requests per operation and phase; make test-contract asks for more.
EXAMPLES = os.environ.get("CONTRACT_EXAMPLES", "5")
# The same requests in every run of the suite; make test-contract draws new ones.
DRAW = [] if "CONTRACT_EXAMPLES" in os.environ else ["--generation-deterministic"]

pytestmark = pytest.mark.slow


@pytest.fixture
def lake(published: PublishedLake) -> str:
    quantiles = {"p10": 0.0, "p50": 1.0, "p90": 2.0, "p95": 3.0}
    rows = [forecast(), forecast(item_id="7", units=1e-7), forecast("57", "9", **quantiles)]
    published.publish("v1", *rows)
    return str(published.folder)


@pytest.mark.parametrize(
    ("reads", "scopes"), [("open", []), ("keys", ["read", "write", "override", "train"])]
)
def test_every_operation_keeps_the_document(
    lake: str, create_key: Callable[..., str], tmp_path: Path, reads: str, scopes: list[str]
) -> None:
    headers = ["--header", f"Authorization: Bearer {create_key(*scopes)}"] if scopes else []
    # Trainings are started, too: with a program that fails at once, instead of Spark.
    settings = {"READS": reads, "TRAIN_PYTHON": str(shutil.which("false"))}
    with started(tmp_path, "--lake", lake, **settings) as server, server.client() as client:
        server.wait_until(lambda: client.get("/readyz").status_code == 200)
        document = str(client.base_url.join("/openapi.json"))
        run = run_schemathesis(tmp_path, document, *headers)
    assert run.returncode == 0, run.stdout + run.stderr


def run_schemathesis(
    folder: Path, document: str, *arguments: str
) -> subprocess.CompletedProcess[str]:
    configuration = ("--config-file", str(FOLDER / "schemathesis.toml"))
    command = (sys.executable, "-m", "schemathesis.cli", *configuration, "run", document)
    return subprocess.run(
        [*command, "--checks", "all", "--max-examples", EXAMPLES, *DRAW, *arguments],
        capture_output=True,
        text=True,
        # Python looks for the module of hooks in PYTHONPATH.
        env={**os.environ, "PYTHONPATH": str(FOLDER)},
        cwd=folder,  # schemathesis keeps what it finds where it runs
    )
