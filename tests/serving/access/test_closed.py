"""What writes is closed by default, and reads are closed where the settings say so."""

from collections.abc import Callable, Iterator

import pytest
from asking import Client
from fastapi import FastAPI
from published import PublishedLake, forecast

from serving.app import create_app
from serving.settings import ServingSettings

# Operations that change nothing, though their method is not GET: many pairs need a body.
READS = {("post", "/predict")}
PROBES = {"/healthz", "/readyz"}
PAIR = "/predict?shop_id=57&item_id=5037"
PAIRS = {"pairs": [{"shop_id": "57", "item_id": "5037"}]}


def operations(app: FastAPI) -> Iterator[tuple[str, str, bool]]:
    """Method, path and whether a key is declared to be needed."""
    for path, methods in app.openapi()["paths"].items():
        for method, operation in methods.items():
            yield method, path, bool(operation.get("security"))


def test_every_operation_that_writes_needs_a_key(app: FastAPI) -> None:
    writing = {(m, p): closed for m, p, closed in operations(app) if m not in ("get", "head")}
    assert {operation for operation, is_closed in writing.items() if not is_closed} <= READS


def test_every_operation_but_probes_needs_a_key_where_reads_are_closed(
    settings: ServingSettings,
) -> None:
    app = create_app(settings.model_copy(update={"reads": "keys"}))
    assert {path for _, path, is_closed in operations(app) if not is_closed} <= PROBES


def test_what_is_declared_closed_is_closed(app: FastAPI, client: Client) -> None:
    for method, path, is_closed in operations(app):
        if is_closed:
            answer = client.request(method.upper(), path.replace("{", "").replace("}", ""))
            assert answer.status_code == 401, (method, path)
            assert answer.headers["www-authenticate"] == 'Bearer realm="shopcast"'


@pytest.mark.parametrize("key", [None, "write", "read"])
def test_closed_reads_answer_only_keys_with_scope_read(
    published: PublishedLake,
    settings: ServingSettings,
    create_key: Callable[..., str],
    key: str | None,
) -> None:
    published.publish("v1", forecast())
    app = create_app(settings.model_copy(update={"reads": "keys"}))
    app.state.store.refresh()
    client = Client(app)
    headers = {"Authorization": f"Bearer {create_key(key)}"} if key else {}
    wanted = {None: 401, "write": 403, "read": 200}[key]
    for path in (PAIR, "/metrics"):
        assert client.get(path, headers=headers).status_code == wanted
    answer = client.request("POST", "/predict", json=PAIRS, headers=headers)
    assert answer.status_code == wanted
    assert client.get("/healthz").status_code == 200
    if key == "read":
        assert "private" in client.get(PAIR, headers=headers).headers["cache-control"]
