"""Uploads as a client sends them, and bodies of sales."""

import json
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Protocol

import httpx

JSON, NDJSON, CSV = "application/json", "application/x-ndjson", "text/csv"
PARQUET = "application/vnd.apache.parquet"


class Asks(Protocol):
    def request(self, method: str, path: str, **values: Any) -> httpx.Response: ...


@dataclass
class Uploader:
    """Asks an API with a key of scope write."""

    client: Asks
    key: str

    def ask(self, method: str, path: str, **values: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.key}", **values.pop("headers", {})}
        return self.client.request(method, path, headers=headers, **values)

    def post(
        self, body: Any, key: str = "key", media: str = JSON, what: str = "sales", **headers: str
    ) -> httpx.Response:
        """Send a body; names of headers have ``_`` for ``-``."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        fixed = {"Idempotency-Key": key, "Content-Type": media}
        return self.ask(
            "POST", "/update_data", params={"what": what}, content=body, headers={**fixed, **named}
        )

    def get(self, key: str = "key", what: str = "") -> httpx.Response:
        return self.ask("GET", path_of(key) + what)


def path_of(key: str) -> str:
    """The path of the upload with a key, which clients compute so as well."""
    return f"/update_data/{sha256(key.encode()).hexdigest()[:32]}"


def sale(**fields: Any) -> dict[str, Any]:
    """A sale as a JSON object; None leaves a field out."""
    row = {"date": "2015-10-31", "shop_id": "25", "item_id": "20949", "units": 2, "price": "5.00"}
    return {name: value for name, value in {**row, **fields}.items() if value is not None}


def json_list(*rows: Any) -> bytes:
    return json.dumps(rows).encode()


def lines(*rows: Any) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def counts(answer: dict[str, Any]) -> tuple[int, int, int, int]:
    names = ("read", "accepted", "rejected", "repeated")
    return tuple(answer[name] for name in names)  # type: ignore[return-value]
