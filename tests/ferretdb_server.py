"""A real server of MongoDB's protocol: FerretDB 1.24.2, built once from Go's module proxy.

python tests/ferretdb_server.py  # build the program, which takes some minutes
"""

import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest
from pymongo import MongoClient
from pymongo.errors import PyMongoError

VERSION = "1.24.2"
CACHE = Path.home() / ".cache" / "shopcast"
BINARY = CACHE / f"ferretdb-{VERSION}"
MODULE = f"""module shopcast.invalid/ferretdb

go 1.22

require github.com/FerretDB/FerretDB v{VERSION}
"""
MAIN = """package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/FerretDB/FerretDB/ferretdb"
)

// Arguments: address to listen on, folder of the data.
func main() {
	server, err := ferretdb.New(&ferretdb.Config{
		Listener:  ferretdb.ListenerConfig{TCP: os.Args[1]},
		Handler:   "sqlite",
		SQLiteURL: "file:" + os.Args[2] + "/",
	})
	if err != nil {
		panic(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := server.Run(ctx); err != nil {
		panic(err)
	}
}
"""


def binary() -> Path:
    """Return the server's program; tests skip where it was not built."""
    if not BINARY.exists():
        pytest.skip(f"FerretDB {VERSION} is not at {BINARY}; install Go and run make ferretdb")
    return BINARY


def build() -> None:
    """Build the server's program unless it is there; needs Go and its module proxy."""
    if BINARY.exists():
        return
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "go.mod").write_text(MODULE)
        (Path(folder) / "main.go").write_text(MAIN)
        made = Path(folder) / "ferretdb"
        for command in (["go", "mod", "tidy"], ["go", "build", "-o", str(made), "."]):
            subprocess.run(["nice", *command], cwd=folder, check=True)
        CACHE.mkdir(parents=True, exist_ok=True)
        aside = CACHE / f"{made.name}-{time.time_ns()}"
        shutil.move(made, aside)
        aside.rename(BINARY)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def running_ferretdb() -> Iterator[Iterator[str]]:
    """Start a server in a new folder; yields URLs, each of an empty database of it."""
    with tempfile.TemporaryDirectory() as folder:
        address = f"127.0.0.1:{free_port()}"
        process = subprocess.Popen(
            [binary(), address, folder], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            wait_until_up(f"mongodb://{address}", process)
            yield (f"mongodb://{address}/test_{number}" for number in count())
        finally:
            process.kill()
            process.wait()


def wait_until_up(url: str, process: subprocess.Popen[bytes], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    with MongoClient(url, serverSelectionTimeoutMS=500) as client:
        while True:
            try:
                client.admin.command("ping")
            except PyMongoError:
                assert process.poll() is None, "the server ended"
                assert time.monotonic() < deadline, "the server does not answer"
            else:
                return


if __name__ == "__main__":
    build()
