"""A server that speaks S3, with an empty bucket; every key opens it."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.error import URLError
from urllib.request import Request, urlopen

from streaming.local_broker.properties import free_port

KEYS = {"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret"}


@contextmanager
def running_s3(bucket: str = "retailer") -> Iterator[str]:
    """Run the server, and return its address.

    It is a process of its own: delta-rs waits for it without letting Python go on.
    """
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        create_bucket(Request(f"{address}/{bucket}", method="PUT"))
        yield address
    finally:
        server.terminate()
        server.wait(10)


def create_bucket(request: Request) -> None:
    """Send a request until the server answers."""
    for _ in range(600):
        try:
            urlopen(request, timeout=10).close()
            return
        except URLError:
            time.sleep(0.1)
    raise AssertionError("the server did not start")


def variables(address: str) -> dict[str, str]:
    """Return the variables by which programs find the server."""
    store = {"AWS_ENDPOINT_URL": address, "AWS_ALLOW_HTTP": "true", "AWS_REGION": "us-east-1"}
    return {**store, **KEYS}
