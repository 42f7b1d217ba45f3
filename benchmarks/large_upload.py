"""A large upload: the memory that it takes, and how long other requests wait meanwhile."""

import base64
import gzip
import json
import os
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.process_tree import tree_kib
from benchmarks.running_api import HOST, Api, read_answer, send_whole

HEADER = b"date,shop_id,item_id,units,price,receipt\n"
ROW = '{"date":"2015-10-31","shop_id":"1","item_id":"2","units":1}\n'
MOST_MIB = 64
RECEIPT_BYTES, ROWS_AT_ONCE = 180, 5_000


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
        form = {"Content_Type": "text/csv", "Content_Encoding": "gzip", "Connection": "close"}
        connection.sendall(api.head(Content_Length=str(path.stat().st_size), **form))
        with path.open("rb") as file:
            connection.sendfile(file)
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
