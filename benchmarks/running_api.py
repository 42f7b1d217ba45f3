"""The API as a process, spoken to over sockets."""

import base64
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lakehouse.lake import Lake
from lakehouse.profile.profile import load_profile
from lakehouse.profile.stored import claim_lake
from serving.access.key_store import KeyStore
from serving.access.scopes import Scope
from serving.state import StateFolder
from streaming.local_broker.properties import free_port

HOST = "127.0.0.1"
LONGEST_SECONDS = 30


@dataclass(frozen=True)
class Api:
    """A running API.

    Attributes:
        port: where the API listens.
        pid: its process.
        key: a key of scope write.
        reader: a key of scope read.
    """

    port: int
    pid: int
    key: str
    reader: str

    def connect(self) -> socket.socket:
        """Open a connection."""
        return socket.create_connection((HOST, self.port), LONGEST_SECONDS)

    def head(self, key: str | None = None, **headers: str) -> bytes:
        """Write the head of a POST request."""
        lines = {
            "Host": HOST,
            "Authorization": f"Bearer {key or self.key}",
            "Idempotency-Key": base64.b32encode(os.urandom(10)).decode(),
            "Content-Type": "application/x-ndjson",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items() if value)
        return f"POST /update_data HTTP/1.1\r\n{head}\r\n".encode()


@contextmanager
def running(folder: Path, **environment: str) -> Iterator[Api]:
    """Run the API over an empty lake while a block runs."""
    claim_lake(Lake.at(str(folder / "lake")), load_profile("sample"))
    store = KeyStore(StateFolder(folder / "state"))
    keys = [store.create(scope.value, [scope]) for scope in (Scope.WRITE, Scope.READ)]
    port = free_port()
    command = [sys.executable, "-m", "serving", "--lake", str(folder / "lake")]
    # pyarrow imports pandas where it is installed; the API's own environment does not have it.
    (folder / "without").mkdir()
    (folder / "without" / "pandas.py").write_text("raise ImportError\n")
    paths = os.pathsep.join([str(folder / "without"), str(Path(__file__).parents[1])])
    variables = {**os.environ, "STATE_FOLDER": str(folder / "state"), "PYTHONPATH": paths}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--port", str(port)], env={**variables, **environment}, stderr=log
        )
    try:
        api = Api(port, process.pid, *keys)
        wait_for(api)
        yield api
    finally:
        process.terminate()
        process.wait()


def wait_for(api: Api) -> None:
    """Wait until the API listens."""
    end = time.monotonic() + LONGEST_SECONDS
    while time.monotonic() < end:
        try:
            api.connect().close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("the API does not listen")


def read_answer(connection: socket.socket) -> str:
    """Read the status and the headers of an answer; ``end`` if the connection ends without one."""
    answer = b""
    try:
        while b"\r\n\r\n" not in answer:
            piece = connection.recv(1 << 16)
            if not piece:
                break
            answer += piece
    except OSError as error:
        answer = answer or f"end ({type(error).__name__})".encode()
    return answer.partition(b"\r\n\r\n")[0].decode(errors="replace") or "end"


def send_whole(api: Api, body: bytes, key: str | None = None, **headers: str) -> str:
    """Send a body with its length, and return the head of the answer."""
    with api.connect() as connection:
        connection.sendall(api.head(key, Content_Length=str(len(body)), **headers))
        try:
            connection.sendall(body)
        except OSError:
            return read_answer(connection)
        return read_answer(connection)
