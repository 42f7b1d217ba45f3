"""A client of an application in this process, whose background task does not run."""

import asyncio
from typing import Any

import httpx
from fastapi import FastAPI


class Client:
    # Starlette's own test client warns against the httpx that it uses.
    def __init__(self, app: FastAPI) -> None:
        self.app = app

    def get(self, path: str, **values: Any) -> httpx.Response:
        return self.request("GET", path, **values)

    def request(self, method: str, path: str, **values: Any) -> httpx.Response:
        return asyncio.run(self._request(method, path, **values))

    async def _request(self, method: str, path: str, **values: Any) -> httpx.Response:
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
            return await client.request(method, path, **values)


def without_request(answer: httpx.Response) -> tuple[int, dict[str, str], bytes]:
    """Return an answer's status, headers and body, but for what names the request itself."""
    own = {"x-request-id", "ratelimit", "content-length"}
    headers = {name: value for name, value in answer.headers.items() if name not in own}
    request_id = answer.headers["x-request-id"].encode()
    return answer.status_code, headers, answer.content.replace(request_id, b"request")
