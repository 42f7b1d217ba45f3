"""A guarded route answers only callers with its scope."""

from collections.abc import Callable
from typing import Annotated

import pytest
from asking import Client
from fastapi import FastAPI, Request

from serving.access.guard import requires
from serving.access.scopes import Caller, Scope


@pytest.fixture(autouse=True)
def guarded(app: FastAPI) -> list[bytes]:
    """Adds a route that needs scope write; the list has the bodies that the route read."""
    bodies: list[bytes] = []

    @app.post("/guarded")
    async def guarded(
        caller: Annotated[Caller, requires(Scope.WRITE)], request: Request
    ) -> dict[str, str]:
        bodies.append(await request.body())
        return {"name": caller.name}

    return bodies


def ask(client: Client, key: str | None) -> tuple[int, str, str]:
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    response = client.request("POST", "/guarded", headers=headers, content=b"body")
    challenge = response.headers.get("www-authenticate", "")
    return response.status_code, challenge, response.json().get("detail", response.json())


def test_what_writes_is_closed_until_a_key_is_configured(
    client: Client, guarded: list[bytes]
) -> None:
    status, challenge, detail = ask(client, None)
    assert (status, challenge) == (401, 'Bearer realm="shopcast"')
    assert "keys create" in detail
    assert guarded == []


def test_a_key_with_the_scope_is_answered(
    client: Client, create_key: Callable[..., str], guarded: list[bytes]
) -> None:
    assert ask(client, create_key("read", "write")) == (200, "", {"name": "tests"})
    assert guarded == [b"body"]


def test_a_key_without_the_scope_is_forbidden(
    client: Client, create_key: Callable[..., str], guarded: list[bytes]
) -> None:
    status, challenge, detail = ask(client, create_key("read", "train", "override"))
    assert status == 403
    assert challenge == 'Bearer realm="shopcast", error="insufficient_scope", scope="write"'
    assert detail == "The request needs scope write; 'tests' has: override, read, train."
    assert guarded == []


@pytest.mark.parametrize("change", ["", "x", "shopcast_", "last", "id"])
def test_a_wrong_key_is_unauthorized(
    client: Client, create_key: Callable[..., str], change: str, guarded: list[bytes]
) -> None:
    key = create_key("write")
    last = "A" if key[-1] != "A" else "B"
    wrong = {"last": key[:-1] + last, "id": key.replace(key[9:21], "0" * 12)}.get(change, change)
    status, challenge, detail = ask(client, wrong)
    assert status == 401
    assert key not in detail + challenge
    assert guarded == []
