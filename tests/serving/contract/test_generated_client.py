"""A client generated from the OpenAPI document of the repository reads and uploads."""

import importlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pytest
from published import PublishedLake, forecast
from server import started

REFERENCE = Path(__file__).parents[3] / "docs" / "reference"
NAME = "generated_client"
SALE = {"date": "2015-10-31", "shop_id": "25", "item_id": "20949", "units": 2, "price": "5.00"}

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Generated:
    """A generated client of a server.

    Attributes:
        client: passed to each operation.
        output: what the generator printed.
    """

    client: Any
    output: str

    def ask(self, operation: str, *values: Any, **named: Any) -> Any:
        module = importlib.import_module(f"{NAME}.api.{operation}")
        return module.sync_detailed(*values, client=self.client, **named)

    def model(self, name: str, values: dict[str, Any]) -> Any:
        return getattr(importlib.import_module(f"{NAME}.models"), name).from_dict(values)


def generate(folder: Path) -> str:
    """Generate the client, and return what the generator prints."""
    command = [str(Path(sys.executable).parent / "openapi-python-client"), "generate"]
    document = ["--path", str(REFERENCE / "openapi.json"), "--meta", "none"]
    config = ["--config", str(REFERENCE / "openapi_python_client.yml")]
    run = subprocess.run(
        [*command, *document, *config, "--output-path", str(folder / NAME)],
        capture_output=True,
        text=True,
        check=True,
    )
    return run.stdout + run.stderr


@pytest.fixture
def generated(
    published: PublishedLake,
    create_key: Callable[..., str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Generated]:
    published.publish("v1", forecast(), forecast(item_id="7"))
    output = generate(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    with started(tmp_path, "--lake", str(published.folder)) as server, server.client() as asked:
        server.wait_until(lambda: asked.get("/readyz").status_code == 200)
        authenticated = importlib.import_module(NAME).AuthenticatedClient(
            base_url=str(asked.base_url), token=create_key("write"), timeout=httpx.Timeout(30)
        )
        with authenticated as client:
            yield Generated(client, output)
    for name in [name for name in sys.modules if name.partition(".")[0] == NAME]:
        del sys.modules[name]


def test_a_generated_client_reads_and_uploads(generated: Generated) -> None:
    assert "will not be generated" not in generated.output
    assert "Unable to" not in generated.output

    answer = generated.ask("forecasts.predict", shop_id="0", item_id="5037")
    assert answer.parsed.shop_id == "57"
    assert answer.parsed.forecasts[0].units == 1.3
    missing = generated.ask("forecasts.predict", shop_id="57", item_id="8")
    assert missing.parsed.unknown == ["item_id"]
    pairs = [{"shop_id": "57", "item_id": item} for item in ("7", "8")]
    question = generated.model("BulkQuestion", {"pairs": pairs})
    many = generated.ask("forecasts.predict_many", body=question)
    assert [pair.unknown for pair in many.parsed.predictions] == [None, ["item_id"]]
    page = generated.ask("forecasts.list_shop_forecasts", "57", limit=1)
    assert page.parsed.next_
    table = generated.ask("forecasts.export_version_arrow")
    assert pa.ipc.open_stream(table.content).read_all()["item_id"].to_pylist() == ["5037", "7"]

    rows = [generated.model("UpdateDataJsonSales", SALE)]
    sent = generated.ask("uploads.update_data", body=rows, idempotency_key="one")
    assert sent.status_code == HTTPStatus.ACCEPTED, sent.content
    assert (sent.parsed.read, sent.parsed.accepted) == (1, 1)
    stored = generated.ask("uploads.read_upload", sent.parsed.id)
    assert stored.parsed == sent.parsed
