"""POST /train on a small lake: real commands train, the gate decides, forecasts are published."""

import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from learning_lakes import learning_lake
from server import started

from serving.access.key_store import KeyStore
from serving.access.scopes import Scope
from serving.state import StateFolder

pytestmark = [
    pytest.mark.slow,
    # MLflow's own imports and its client of SQLAlchemy warn; nothing of ours does.
    pytest.mark.filterwarnings("default"),
]


def wait(client: httpx.Client, path: str, headers: dict[str, str]) -> dict[str, Any]:
    give_up_at = time.monotonic() + 400
    while (run := client.get(path, headers=headers).json())["state"] in {"queued", "running"}:
        assert time.monotonic() < give_up_at, run
        time.sleep(0.5)
    return run


def test_a_run_outlives_a_killed_api_and_publishes_forecasts_of_its_champion(
    tmp_path: Path,
    spark: object,  # noqa: ARG001
) -> None:
    learning_lake(tmp_path / "lake")
    key = KeyStore(StateFolder(tmp_path / "state")).create("tests", [Scope.TRAIN])
    headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": "first"}
    environment = {
        "STATE_FOLDER": str(tmp_path / "state"),
        "SPARK_DRIVER_MEMORY": "1g",
        "REFRESH_SECONDS": "0.5",
    }
    start = (tmp_path, "--lake", str(tmp_path / "lake"))
    with started(*start, **environment) as server, server.client() as client:
        options = {"then_forecast": True}
        answer = client.post("/train", headers=headers, json=options)
        assert answer.status_code == 202, answer.text
        path = answer.headers["location"]
    # The server is killed now.
    with started(*start, **environment) as server, server.client() as client:
        run = wait(client, path, headers)
        assert run["state"] == "succeeded", run
        (decision,) = run["gate"]
        assert (decision["decision"], decision["champion"]) == ("promoted", decision["candidate"])
        assert {"candidate"} < set(decision["errors"]["all all"])
        assert client.post("/train", headers=headers, json=options).json()["id"] == run["id"]
        served = server.wait_until(lambda: ready_version(client))
        assert served == run["forecast_version"]


def ready_version(client: httpx.Client) -> str | None:
    answer = client.get("/readyz")
    return answer.json()["version"] if answer.status_code == 200 else None
