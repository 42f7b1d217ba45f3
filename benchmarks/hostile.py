"""Hostile and huge uploads: memory of 1 GB, and a defined answer or end within 30 seconds.

    python -m benchmarks.hostile [--megabytes N] [--only NAME ...]

Starts the API over an empty lake, without Kafka, and sends each case over a socket. Prints a row
per case: what was demanded, what came, after how many seconds. Exit code 1: a case is not met.
"""

import argparse
import re
import socket
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path

from benchmarks.large_upload import HEADER, ROW, Outcome, large
from benchmarks.running_api import (
    HOST,
    LONGEST_SECONDS,
    Api,
    read_answer,
    running,
    send_whole,
)
from streaming.local_broker.properties import free_port

GIGABYTES, CHUNK = 2 << 30, 1 << 20


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
            for _ in range(GIGABYTES // CHUNK):
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
        "a byte of the head a second": ("408|end", lambda: trickle(api, slow_head, b"a" * 99)),
        "Kafka away": ("503.*retry-after", lambda: send_whole(away, ROW.encode())),
    }
    return {
        name: lambda name=name, case=case: ask(name, *case)  # type: ignore[misc]
        for name, case in cases.items()
    }


def show(outcome: Outcome) -> None:
    """Print a row of the table."""
    met = "met" if outcome.is_met else "NOT MET"
    row = (
        outcome.name,
        outcome.demanded.replace("|", " or "),
        outcome.came,
        f"{outcome.seconds:.1f}",
        met,
    )
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
