"""The state folder is this user's, on a local disk, and whole after a failure."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lakehouse.errors import UsageError
from serving import state
from serving.settings import ServingSettings
from serving.state import StateFolder

SCHEMA = "CREATE TABLE IF NOT EXISTS counts (name TEXT PRIMARY KEY, value INTEGER);"


@pytest.fixture
def folder(tmp_path: Path) -> StateFolder:
    return StateFolder(tmp_path / "state")


def add(folder: StateFolder) -> None:
    with folder.transaction(SCHEMA) as database:
        database.execute(
            "INSERT INTO counts VALUES ('a', 1) ON CONFLICT DO UPDATE SET value = value + 1"
        )


def read(folder: StateFolder) -> int | None:
    with folder.reading() as database:
        if database is None:
            return None
        row = database.execute("SELECT value FROM counts").fetchone()
        return None if row is None else int(row["value"])


def test_writers_at_the_same_time_lose_nothing(folder: StateFolder) -> None:
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(add, [folder] * 40))
    assert read(folder) == 40


def test_a_transaction_that_fails_leaves_nothing(folder: StateFolder) -> None:
    add(folder)

    def fail() -> None:
        with folder.transaction(SCHEMA) as database:
            database.execute("UPDATE counts SET value = 100")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert read(folder) == 1


def test_a_reader_does_not_wait_for_a_writer_and_cannot_write(folder: StateFolder) -> None:
    assert read(folder) is None
    add(folder)
    with folder.transaction(SCHEMA) as database:
        database.execute("UPDATE counts SET value = 100")
        assert read(folder) == 1
    with folder.reading() as database:
        assert database is not None
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            database.execute("DELETE FROM counts")


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="set STATE_FOLDER"):
        add(StateFolder(tmp_path / "file" / "state"))


def test_a_network_share_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mounts = tmp_path / "mounts"
    lines = ["/dev/vda / ext4 rw 0 0", f"host:/x {tmp_path}/my\\040share nfs4 rw 0 0"]
    mounts.write_text("\n".join(lines))
    monkeypatch.setattr(state, "MOUNTS", mounts)
    add(StateFolder(tmp_path / "local"))
    with pytest.raises(UsageError, match=r"a network share \(nfs4\); set STATE_FOLDER"):
        add(StateFolder(tmp_path / "my share" / "state"))


def test_lakes_of_the_same_name_have_different_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("STATE_FOLDER")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    roots = [str(tmp_path / "a" / "lake"), str(tmp_path / "b" / "lake")]
    paths = {ServingSettings(lake_root=root).state.path for root in roots}
    assert len(paths) == 2
    assert {path.parent for path in paths} == {tmp_path / "shopcast"}
    assert all(path.name.startswith("lake-") for path in paths)
    assert not any(path.exists() for path in paths)
