"""A body that is answered before its end leaves the connection in order."""

import socket
from pathlib import Path

import pytest
from server import started

pytestmark = pytest.mark.slow
BODY = b" " * (4 << 20)
PUT = b"PUT /overrides HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(BODY)
GET = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


def test_the_rest_of_a_refused_body_is_not_taken_for_a_header(tmp_path: Path) -> None:
    with started(tmp_path, "--lake", str(tmp_path)) as server, server.client() as client:
        address = (client.base_url.host, client.base_url.port)
        with socket.create_connection(address, timeout=20) as connection:
            connection.sendall(PUT)
            assert connection.recv(1 << 16).startswith(b"HTTP/1.1 401 ")
            connection.sendall(BODY + GET)
            answer = b"".join(iter(lambda: connection.recv(1 << 16), b""))
    assert b"HTTP/1.1 200 " in answer
    assert b"HTTP/1.1 431 " not in answer
