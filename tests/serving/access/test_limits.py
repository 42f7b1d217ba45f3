"""Bodies have a greatest size and a longest time, hosts are trusted, answers have headers."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

import pytest
from asking import Client
from fastapi import Body, FastAPI, Request
from fastapi.responses import HTMLResponse

from serving.app import create_app
from serving.settings import ServingSettings


def client_of(settings: ServingSettings, **changes: object) -> Client:
    app = create_app(settings.model_copy(update=changes))

    @app.post("/bytes")
    async def read_bytes(request: Request) -> int:
        return len(await request.body())

    @app.post("/json")
    async def read_json(document: Annotated[dict[str, int], Body()]) -> int:
        return len(document)

    return Client(app)


async def in_parts(*parts: bytes, seconds: float = 0) -> AsyncIterator[bytes]:
    for part in parts:
        yield part
        await asyncio.sleep(seconds)


@pytest.mark.parametrize("path", ["/bytes", "/json"])
def test_a_body_that_is_too_large_is_refused_by_its_length_or_its_bytes(
    settings: ServingSettings, path: str
) -> None:
    client = client_of(settings, max_body_bytes=10)
    for content in (b"x" * 11, in_parts(b"x" * 6, b"x" * 5)):
        answer = client.request("POST", path, content=content)
        assert answer.status_code == 413
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["connection"] == "close"
        assert "more than 10 bytes" in answer.json()["detail"]
    assert client.request("POST", "/bytes", content=b"x" * 10).json() == 10
    assert client.request("POST", "/bytes", content=in_parts(b"x" * 6, b"x" * 4)).json() == 10


@pytest.mark.parametrize("path", ["/bytes", "/json"])
def test_a_body_that_takes_too_long_is_refused(settings: ServingSettings, path: str) -> None:
    client = client_of(settings, body_seconds=0.1)
    answer = client.request("POST", path, content=in_parts(b"{", b" ", b" ", seconds=0.08))
    assert answer.status_code == 408
    assert answer.headers["connection"] == "close"
    assert "0.1 seconds" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("api.example", 404),
        ("API.example:8000", 404),
        ("a.shop.example", 404),
        ("shop.example", 400),
        ("xshop.example", 400),
        ("api.example.evil", 400),
        ("[::1]:80", 404),
        ("", 400),
    ],
)
def test_hosts_that_are_not_listed_are_refused(
    settings: ServingSettings, host: str, status: int
) -> None:
    client = client_of(settings, allowed_hosts="api.example, *.shop.example,[::1]")
    answer = client.get("/nothing", headers={"Host": host})
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert client.get("/healthz", headers={"Host": host}).status_code == 200


def test_every_answer_has_the_headers_of_security(client: Client) -> None:
    for path in ("/healthz", "/predict", "/nothing"):
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
        assert "strict-transport-security" not in headers


def test_a_page_keeps_the_policy_that_it_sends(client: Client, app: FastAPI) -> None:
    policy = "default-src 'self'"

    @app.get("/own", response_class=HTMLResponse)
    async def own() -> HTMLResponse:
        return HTMLResponse("", headers={"Content-Security-Policy": policy})

    assert client.get("/own").headers.get_list("content-security-policy") == [policy]
