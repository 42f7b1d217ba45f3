"""State folder: what the API itself keeps (keys, uploads, runs), beside the lake, in SQLite."""

import hashlib
import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from lakehouse.errors import UsageError

DATABASE = "state.sqlite3"
# How long a writer waits for the writer before it: a transaction takes milliseconds.
BUSY_SECONDS = 10
# SQLite's write-ahead log needs memory that all processes share: one machine, a local disk.
NETWORK = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "ceph", "glusterfs", "lustre", "fuse.sshfs"}
MOUNTS = Path("/proc/self/mounts")
HAS_TABLE = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?"


@dataclass(frozen=True)
class StateFolder:
    """A folder of a local disk, shared by the workers of one machine.

    Replicas on several machines each need a folder of their machine; keys that all replicas must
    know belong in KEYS_FILE.
    """

    path: Path

    @property
    def database(self) -> Path:
        """The file of the database; missing before the first transaction."""
        return self.path / DATABASE

    @contextmanager
    def transaction(self, schema: str) -> Iterator[sqlite3.Connection]:
        """Run a writing transaction: committed at the end, rolled back by an exception.

        Create the folder, the database and the tables if they do not exist.

        Args:
            schema: statements ``CREATE TABLE IF NOT EXISTS …``, ``CREATE INDEX IF NOT EXISTS …``.

        Raises:
            UsageError: the folder cannot be written, or lies on a network share; set STATE_FOLDER.
        """
        with closing(self._connect(schema)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            with connection:
                yield connection

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection | None]:
        """Open the database to read only, without creating anything; None: no database exists."""
        if not self.database.exists():
            yield None
            return
        with closing(self._open(f"{self.database.as_uri()}?mode=ro")) as connection:
            yield connection

    def read_rows(self, table: str, query: str, *values: object) -> list[sqlite3.Row]:
        """Run a query on a table; no rows where the database or the table does not exist."""
        with self.reading() as database:
            if database is None or database.execute(HAS_TABLE, (table,)).fetchone() is None:
                return []
            return list(database.execute(query, values))

    def _connect(self, schema: str) -> sqlite3.Connection:
        require_local_disk(self.path)
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            connection = self._open(self.database.as_uri())
            connection.execute("PRAGMA journal_mode=WAL")
            connection.executescript(schema)
        except (OSError, sqlite3.OperationalError) as error:
            raise UsageError(
                f"{self.path}: the state of the API cannot be written there ({error}); "
                "set STATE_FOLDER to a folder of a local disk that this user may write."
            ) from None
        return connection

    def _open(self, uri: str) -> sqlite3.Connection:
        connection = sqlite3.connect(uri, timeout=BUSY_SECONDS, isolation_level=None, uri=True)
        connection.row_factory = sqlite3.Row
        return connection


def default_state_folder(lake_root: str) -> Path:
    """Return the user's folder for the state of an API over a lake.

    Args:
        lake_root: normal URI of the lake; its last name and a digest name the folder.
    """
    home = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    name = re.sub(r"[^\w.-]", "_", lake_root.rsplit("/", 1)[-1])
    return home / "shopcast" / f"{name}-{hashlib.sha256(lake_root.encode()).hexdigest()[:8]}"


def require_local_disk(folder: Path) -> None:
    """Check that a folder does not lie on a network share, where SQLite loses writes.

    Raises:
        UsageError: the folder lies on a network share; set STATE_FOLDER to a local disk.
    """
    kind = file_system_of(folder)
    if kind in NETWORK:
        raise UsageError(
            f"{folder}: a network share ({kind}); set STATE_FOLDER to a folder of a local disk. "
            "Replicas share keys by KEYS_FILE."
        )


def file_system_of(folder: Path) -> str | None:
    """Return the type of the file system that holds a folder; None: the system does not list it."""
    if not MOUNTS.exists():
        return None
    wanted = folder.expanduser().resolve()
    mounts = (line.split() for line in MOUNTS.read_text().splitlines())
    holding = [
        (len(mount[1]), number, mount[2])
        for number, mount in enumerate(mounts)
        if wanted.is_relative_to(mount[1].replace("\\040", " "))
    ]
    return max(holding)[2] if holding else None
