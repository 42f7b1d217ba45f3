"""The server as a process: it starts, swaps versions under load, and ends."""

import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from processes import contained, terminate
from published import PublishedLake, forecast
from server import SERVING, started

PAIR = "/predict?shop_id=0&item_id=5037"

pytestmark = pytest.mark.slow


def test_it_waits_for_a_lake_serves_it_and_ends_by_sigterm(tmp_path: Path) -> None:
    folder = tmp_path / "lake"
    refreshing = started(tmp_path, "--lake", str(folder), REFRESH_SECONDS="0.1")
    with refreshing as server, server.client() as client:
        assert client.get("/healthz").status_code == 200
        server.wait_until(lambda: "no such folder" in client.get("/readyz").json()["detail"])
        PublishedLake(folder).publish("v1", forecast())
        server.wait_until(lambda: client.get("/readyz").status_code == 200)
        answer = client.get(PAIR)
        assert answer.json()["forecasts"][0]["units"] == 1.3
        assert "server" not in answer.headers
        assert server.stop() == 0
        assert "Traceback" not in server.log


def test_no_answer_mixes_versions_or_goes_back_while_they_swap(tmp_path: Path) -> None:
    published = PublishedLake(tmp_path / "lake")

    def publish(number: int) -> None:
        values = {"units": number, "model": f"run-{number}"}
        rows = [forecast(item_id=item, **values) for item in ("5037", f"only-{number}")]
        published.publish(f"v{number}", *rows)

    def ask(client: httpx.Client) -> list[int]:
        seen = []
        while not seen or seen[-1] < 9:
            answer = client.get(PAIR)
            assert answer.status_code == 200, answer.text
            number = int(answer.json()["forecasts"][0]["units"])
            assert answer.json()["version"] == f"v{number}"
            assert answer.json()["forecasts"][0]["model"] == f"run-{number}"
            seen.append(number)
        return seen

    publish(1)
    refreshing = started(tmp_path, "--lake", str(published.folder), REFRESH_SECONDS="0.05")
    with refreshing as server, server.client() as client:
        server.wait_until(lambda: client.get("/readyz").status_code == 200)
        with ThreadPoolExecutor() as threads:
            asking = [threads.submit(ask, client) for _ in range(3)]
            for number in range(2, 10):
                publish(number)
            seen = [future.result(timeout=60) for future in asking]
    assert all(numbers == sorted(numbers) for numbers in seen)
    assert any(len(set(numbers)) > 2 for numbers in seen), "no swap was seen under load"


def test_an_address_that_is_taken_is_said(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        with started(tmp_path, "--lake", str(tmp_path), "--port", port) as server:
            assert server.process.wait(30) == 1
            assert "address already in use" in server.log


def test_a_container_s_first_process_ends_by_sigterm(tmp_path: Path) -> None:
    start = contained(SERVING)
    with started(tmp_path, "--lake", str(tmp_path), start=start) as server, server.client():
        assert terminate(server.process) == 0
        assert "Traceback" not in server.log


def test_the_rest_of_a_refused_body_is_not_taken_for_a_header(tmp_path: Path) -> None:
    body = 200_000
    head = f"PUT /overrides HTTP/1.1\r\nHost: api\r\nContent-Length: {body}\r\n\r\n"
    with started(tmp_path, "--lake", str(tmp_path / "lake")) as server, server.client() as client:
        address = (client.base_url.host, client.base_url.port)
        with socket.create_connection(address, timeout=30) as connection:
            connection.sendall(head.encode())
            refusal = b""
            while not refusal.endswith(b"}"):
                refusal += connection.recv(65_536)
            assert refusal.startswith(b"HTTP/1.1 401")
            connection.sendall(b"x" * body + b"GET /healthz HTTP/1.1\r\nHost: api\r\n\r\n")
            assert connection.recv(65_536).startswith(b"HTTP/1.1 200")
