"""Hostile and huge uploads: memory of 1 GB, and a defined answer or end within 30 seconds.

    python -m benchmarks.hostile [--megabytes N] [--only NAME ...]

Starts the API over an empty lake, without Kafka, and sends each case over a socket. Prints a row
per case: what was demanded, what came, after how many seconds. Exit code 1: a case is not met.
"""

import argparse
import base64
import gzip
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from benchmarks.process_tree import tree_kib
from lakehouse.lake import Lake
from lakehouse.profile.profile import load_profile
from lakehouse.profile.stored import claim_lake
from serving.access.key_store import KeyStore
from serving.access.scopes import Scope
from serving.state import StateFolder
from streaming.local_broker.properties import free_port

HOST = "127.0.0.1"
LONGEST_SECONDS, MOST_MIB = 30, 64
HEADER = b"date,shop_id,item_id,units,price,receipt\n"
ROW = '{"date":"2015-10-31","shop_id":"1","item_id":"2","units":1}\n'
GIGABYTE, CHUNK = 2 << 30, 1 << 20
RECEIPT_BYTES, ROWS_AT_ONCE = 180, 5_000


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


@dataclass(frozen=True)
class Outcome:
    """What a case came to.

    Attributes:
        name: name of the case.
        demanded: what must come.
        came: what came.
        seconds: after how long.
        is_met: whether the demand is met.
    """

    name: str
    demanded: str
    came: str
    seconds: float
    is_met: bool


@contextmanager
def running(folder: Path, **environment: str) -> Iterator[Api]:
    """Run the API over an empty lake while a block runs."""
    claim_lake(Lake.at(str(folder / "lake")), load_profile("sample"))
    store = KeyStore(StateFolder(folder / "state"))
    keys = [store.create(scope.value, [scope]) for scope in (Scope.WRITE, Scope.READ)]
    port = free_port()
    command = [sys.executable, "-m", "serving", "--lake", str(folder / "lake")]
    variables = {**os.environ, "STATE_FOLDER": str(folder / "state"), **environment}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([*command, "--port", str(port)], env=variables, stderr=log)
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


def ask(name: str, demanded: str, send: Callable[[], str]) -> Outcome:
    """Run a case.

    Args:
        name: name of the case.
        demanded: regular expression of the answer's head.
        send: sends the request and returns the head of the answer.
    """
    started = time.monotonic()
    answer = send()
    seconds = time.monotonic() - started
    status = answer.splitlines()[0].removeprefix("HTTP/1.1 ")
    is_met = bool(re.search(demanded, answer, re.DOTALL)) and seconds <= LONGEST_SECONDS
    return Outcome(name, demanded, status, seconds, is_met)


def send_whole(api: Api, body: bytes, key: str | None = None, **headers: str) -> str:
    """Send a body with its length, and return the head of the answer."""
    with api.connect() as connection:
        connection.sendall(api.head(key, Content_Length=str(len(body)), **headers))
        try:
            connection.sendall(body)
        except OSError:
            return read_answer(connection)
        return read_answer(connection)


def send_head(api: Api, key: str | None = None, **headers: str) -> str:
    """Send the head of a request alone: the answer must not wait for the body."""
    with api.connect() as connection:
        connection.sendall(api.head(key, **{"Content_Length": "1000", **headers}))
        return read_answer(connection)


def send_endless(api: Api) -> str:
    """Send two gigabytes in chunks of unknown number."""
    piece = f"{CHUNK:x}\r\n".encode() + (b"a" * 99 + b"\n") * (CHUNK // 100) + b"a" * 76 + b"\r\n"
    with api.connect() as connection:
        connection.sendall(api.head(Transfer_Encoding="chunked"))
        try:
            for _ in range(GIGABYTE // CHUNK):
                connection.sendall(piece)
        except OSError:
            return read_answer(connection)
        return read_answer(connection)


def trickle(api: Api, head: bytes, body: bytes) -> str:
    """Send a head at once, then a byte a second."""
    with api.connect() as connection:
        connection.sendall(head)
        connection.settimeout(1)
        for number in range(2 * LONGEST_SECONDS):
            try:
                if connection.recv(1, socket.MSG_PEEK) is not None:
                    connection.settimeout(LONGEST_SECONDS)
                    return read_answer(connection)
            except TimeoutError:
                connection.send(body[number : number + 1] or b"a")
            except OSError as error:
                return f"end ({type(error).__name__})"
    return "nothing"


def cut_and_resume(api: Api) -> str:
    """Cut the connection in the middle of a body, and go on from the offset."""
    body = ROW.encode() * 100
    head = api.head(Content_Length=str(len(body)))
    with api.connect() as connection:
        connection.sendall(head + body[:1000])
        time.sleep(0.5)
    key = re.search(rb"Idempotency-Key: (\S+)", head)
    assert key is not None
    path = "/update_data/" + sha256(key[1]).hexdigest()[:32]
    asked = head.replace(b"POST /update_data", f"HEAD {path}".encode())
    offset = re.search(r"upload-offset: (\d+)", exchange(api, without_length(asked)))
    if offset is None or offset[1] != "1000":
        return "no offset"
    resumed = without_length(head).replace(b"POST /update_data", f"PATCH {path}".encode())
    rest = body[1000:]
    more = f"Upload-Offset: 1000\r\nContent-Length: {len(rest)}\r\n\r\n".encode()
    resumed = resumed.replace(b"x-ndjson", b"partial-upload").removesuffix(b"\r\n") + more + rest
    return exchange(api, resumed)


def without_length(head: bytes) -> bytes:
    """Drop the Content-Length of a request's head."""
    return re.sub(rb"Content-Length: \d+\r\n", b"", head)


def exchange(api: Api, request: bytes) -> str:
    """Send a request and return the head of the answer."""
    with api.connect() as connection:
        connection.sendall(request)
        return read_answer(connection)


def write_large(path: Path, megabytes: int) -> int:
    """Write a CSV.gz of so many megabytes, with a random column that is not read; return rows."""
    rows, size = 0, megabytes * 1_000_000
    with path.open("wb") as file, gzip.GzipFile(fileobj=file, mode="wb", compresslevel=1) as packed:
        packed.write(HEADER)
        while file.tell() < size:
            receipts = base64.b64encode(os.urandom(RECEIPT_BYTES * ROWS_AT_ONCE)).decode()
            width = len(receipts) // ROWS_AT_ONCE
            lines = (
                f"2015-10-{1 + row % 31:02},{row % 60},{row // 60},1,5.00,"
                f"{receipts[place * width : (place + 1) * width]}\n"
                for place, row in enumerate(range(rows, rows + ROWS_AT_ONCE))
            )
            packed.write("".join(lines).encode())
            rows += ROWS_AT_ONCE
    return rows


def send_large(api: Api, path: Path) -> str:
    """Send a large file with a head that says what it is; return head and body of the answer."""
    with api.connect() as connection:
        connection.settimeout(None)
        form = {"Content_Type": "text/csv", "Content_Encoding": "gzip"}
        connection.sendall(api.head(Content_Length=str(path.stat().st_size), **form))
        with path.open("rb") as file:
            connection.sendfile(file)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while piece := connection.recv(1 << 16):
            answer += piece
    return answer.decode()


class Watch(threading.Thread):
    """Watches the memory of a process tree, and how long GET /healthz takes meanwhile."""

    def __init__(self, api: Api) -> None:
        super().__init__(daemon=True)
        self.peak_kib = 0
        self.millis: list[float] = []
        self._api = api
        self._is_ended = threading.Event()

    def run(self) -> None:
        """Look until the end."""
        request = f"GET /healthz HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()
        with self._api.connect() as connection:
            while not self._is_ended.wait(0.05):
                started = time.monotonic()
                connection.sendall(request)
                read_answer(connection)
                self.millis.append((time.monotonic() - started) * 1000)
                self.peak_kib = max(self.peak_kib, tree_kib(self._api.pid))

    def end(self) -> None:
        """Stop looking."""
        self._is_ended.set()
        self.join()


def large(api: Api, folder: Path, megabytes: int) -> Outcome:
    """Upload a large CSV.gz, and measure the memory that it takes beyond the idle API's."""
    path = folder / "large.csv.gz"
    rows = write_large(path, megabytes)
    send_whole(api, ROW.encode())
    before = tree_kib(api.pid)
    watch = Watch(api)
    watch.start()
    started = time.monotonic()
    answer = send_large(api, path)
    seconds = time.monotonic() - started
    watch.end()
    more = (watch.peak_kib - before) / 1024
    read = json.loads(answer.partition("\r\n\r\n")[2]).get("accepted")
    p99 = sorted(watch.millis)[int(len(watch.millis) * 0.99)]
    came = f"{more:.0f} MiB more, {read} of {rows} rows, /healthz p99 {p99:.0f} ms"
    is_met = more <= MOST_MIB and read == rows
    return Outcome(f"{megabytes} MB of CSV.gz", f"<= {MOST_MIB} MiB more", came, seconds, is_met)


def hostile(api: Api, away: Api) -> Mapping[str, Callable[[], Outcome]]:
    """List the hostile cases; ``away`` is an API whose Kafka does not answer."""
    bomb = zlib.compress(b"\n" * (1 << 28), wbits=31)
    limit = str((1 << 30) + 1)
    slow_head = b"POST /update_data HTTP/1.1\r\nX-Slow: "
    cases: dict[str, tuple[str, Callable[[], str]]] = {
        "no key": ("401", lambda: send_head(api, "none")),
        "wrong scope": ("403", lambda: send_head(api, api.reader)),
        "announced size": ("413", lambda: send_head(api, Content_Length=limit)),
        "media type": ("415", lambda: send_head(api, Content_Type="text/plain")),
        "no Idempotency-Key": ("400", lambda: send_head(api, Idempotency_Key="")),
        "gzip bomb": ("413", lambda: send_whole(api, bomb, Content_Encoding="gzip")),
        "2 GB in chunks": ("413", lambda: send_endless(api)),
        "bad UTF-8": ("422", lambda: send_whole(api, HEADER + b"\xff", Content_Type="text/csv")),
        "cut, resumed": ("202", lambda: cut_and_resume(api)),
        "a byte a second": (
            "408",
            lambda: trickle(api, api.head(Content_Length="5000"), ROW.encode() * 5),
        ),
        "a byte of the head a second": ("408|400|end", lambda: trickle(api, slow_head, b"a" * 99)),
        "Kafka away": ("503.*retry-after", lambda: send_whole(away, ROW.encode())),
    }
    return {
        name: lambda name=name, case=case: ask(name, *case)  # type: ignore[misc]
        for name, case in cases.items()
    }


def show(outcome: Outcome) -> None:
    """Print a row of the table."""
    met = "met" if outcome.is_met else "NOT MET"
    row = (outcome.name, outcome.demanded, outcome.came, f"{outcome.seconds:.1f}", met)
    sys.stdout.write("| " + " | ".join(row) + " |\n")
    sys.stdout.flush()


def main() -> int:
    """Run all cases, or the named ones; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.hostile", description=__doc__)
    parser.add_argument("--megabytes", type=int, default=1000, help="size of the large CSV.gz")
    parser.add_argument("--only", nargs="+", help="names of cases; large: the large file")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folders = [Path(temporary) / name for name in ("here", "away")]
        for folder in folders:
            folder.mkdir()
        nowhere = f"{HOST}:{free_port()}"
        with running(folders[0]) as api, running(folders[1], KAFKA_BOOTSTRAP_SERVERS=nowhere) as b:
            cases = dict(hostile(api, b))
            cases["large"] = lambda: large(api, folders[0], arguments.megabytes)
            chosen = arguments.only or list(cases)
            sys.stdout.write("| case | demanded | came | seconds | |\n|---|---|---|---|---|\n")
            outcomes = []
            for name in chosen:
                outcomes.append(cases[name]())
                show(outcomes[-1])
    return 0 if all(outcome.is_met for outcome in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
