"""A server of four workers: limits, metrics and keys are those of the whole server."""

import socket
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from published import PublishedLake, forecast
from server import Server, started

from serving.__main__ import main

pytestmark = pytest.mark.slow

PAIR = "/predict?shop_id=57&item_id=5037"
ALLOWED = 100


@pytest.fixture
def published(tmp_path: Path) -> PublishedLake:
    lake = PublishedLake(tmp_path / "lake")
    lake.publish("v1", forecast())
    return lake


@pytest.fixture
def server(tmp_path: Path, published: PublishedLake) -> Iterator[Server]:
    environment = {
        "STATE_FOLDER": str(tmp_path / "state"),
        "CACHE_FOLDER": str(tmp_path / "cache"),
        "TMPDIR": str(tmp_path),
        "RATE_LIMIT": f"{ALLOWED}/hour",
        "READS": "keys",
    }
    words = ("--lake", str(published.folder), "--workers", "4")
    with started(tmp_path, *words, **environment) as server:
        server.wait_until(lambda: server.log.count("serving version v1") == 4)
        yield server


def test_limits_metrics_and_keys_are_those_of_all_workers(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setenv("STATE_FOLDER", str(tmp_path / "state"))

    def keys(*words: str) -> str:
        assert main(["keys", "--lake", str(tmp_path / "lake"), *words]) == 0
        return capsys.readouterr().out.strip()

    with server.client() as client:
        address = str(client.base_url)

    def ask(key: str, path: str = PAIR) -> int:
        # A new connection each time, so that any worker may answer.
        headers = {"Authorization": f"Bearer {key}"}
        return httpx.get(f"{address}{path}", headers=headers, timeout=30).status_code

    def ask_often(key: str, times: int) -> Counter[int]:
        with ThreadPoolExecutor(8) as threads:
            return Counter(threads.map(ask, [key] * times))

    till, watch = (keys("create", "--name", n, "--scope", "read") for n in ("till", "watch"))
    deadline = time.monotonic() + 5
    while ask_often(watch, 8) != {200: 8}:
        time.sleep(0.5)
        assert time.monotonic() < deadline, "a new key counts within five seconds"

    answers = ask_often(till, ALLOWED * 2)
    # Workers that count at the same moment may each allow one request too many.
    assert ALLOWED <= answers[200] <= ALLOWED + 3
    assert answers[429] == 2 * ALLOWED - answers[200]

    keys("revoke", watch[9:21])
    deadline = time.monotonic() + 5
    while ask_often(watch, 8) != {401: 8}:
        time.sleep(0.5)
        assert time.monotonic() < deadline, "a revoked key ends within five seconds"

    scrape = keys("create", "--name", "scrape", "--scope", "read")
    headers = {"Authorization": f"Bearer {scrape}"}

    def count_refused() -> float:
        text = httpx.get(f"{address}/metrics", headers=headers, timeout=30).text
        lines = [line for line in text.splitlines() if 'status="429"' in line]
        return float(lines[0].rpartition(" ")[2]) if lines else 0

    server.wait_until(lambda: count_refused() >= answers[429], seconds=20)
    assert till[22:] not in server.log
    assert server.stop() == 0
    assert "Traceback" not in server.log
    assert list(tmp_path.glob("shopcast-*")) == [], "the folder of the run goes with the server"


def test_a_client_that_sends_a_byte_a_second_is_closed(
    tmp_path: Path, published: PublishedLake
) -> None:
    environment = {"HEADER_SECONDS": "1", "BODY_SECONDS": "1", "STATE_FOLDER": str(tmp_path / "s")}
    environment["CACHE_FOLDER"] = str(tmp_path / "cache")

    def trickle(begin: bytes) -> bytes:
        """Send a byte each 0.2 s until the server closes, and return what it sent."""
        with socket.create_connection((url.host, url.port), timeout=20) as connection:
            connection.sendall(begin)
            connection.settimeout(0.2)
            received, end = b"", time.monotonic() + 20
            while time.monotonic() < end:
                try:
                    if not (part := connection.recv(4096)):
                        return received
                    received += part
                except TimeoutError:
                    connection.sendall(b"a")
                except ConnectionError:
                    return received
            raise AssertionError("the connection stays open")

    with started(tmp_path, "--lake", str(published.folder), **environment) as server:
        with server.client() as client:
            url = client.base_url
            assert client.get("/healthz").status_code == 200
        assert trickle(b"GET /healthz HTTP/1.1\r\nHost: a\r\nX-A: ").startswith(b"HTTP/1.1 408")
        first = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
        late = trickle(first + b"GET /healthz HTTP/1.1\r\nX-A: ")
        assert late.startswith(b"HTTP/1.1 200")
        assert b"HTTP/1.1 408" in late
        body = b"POST /predict HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
        answer = trickle(body + b"Content-Length: 100\r\n\r\n{")
        assert answer.startswith(b"HTTP/1.1 408")
        assert b"application/problem+json" in answer
        huge = trickle(b"GET /healthz HTTP/1.1\r\nHost: a\r\nX-A: " + b"x" * 100_000)
        assert huge.startswith(b"HTTP/1.1 431")
        assert server.stop() == 0
