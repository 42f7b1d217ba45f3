"""A version's file is made once, mapped by all, and made again where it is damaged."""

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from published import PublishedLake, forecast

from lakehouse.errors import LakeError
from serving.lookup import version_files
from serving.lookup.column_file import ColumnFileError, check_file, map_file
from serving.lookup.columns import Columns
from serving.lookup.version_files import SUFFIX, VersionFiles
from serving.lookup.versions import newest_published


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def builds(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files that were built."""
    built: list[Path] = []
    build = version_files.build_file

    def noted(lake: object, version: str, rows: int, path: Path) -> None:
        built.append(path)
        build(lake, version, rows, path)  # type: ignore[arg-type]

    monkeypatch.setattr(version_files, "build_file", noted)
    return built


def open_newest(published: PublishedLake, folder: Path) -> Columns:
    """Open the newest version as a process that has just started."""
    return VersionFiles(published.lake, folder).open(newest_published(published.lake))


def text_of(columns: Columns) -> bytes:
    return columns.text_of(columns.rows_of("57", "5037"))


def file_of(folder: Path) -> Path:
    (path,) = folder.glob(f"*{SUFFIX}")
    return path


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 1)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[10] ^= 1
    path.write_bytes(data)


def test_a_restart_maps_the_file_instead_of_building(
    published: PublishedLake, folder: Path, builds: list[Path]
) -> None:
    published.publish("v1", forecast())
    first, second = open_newest(published, folder), open_newest(published, folder)
    assert len(builds) == 1
    assert text_of(first) == text_of(second)
    assert len(second) == 1


@pytest.mark.parametrize("damage", [cut, empty, flip])
def test_a_damaged_file_is_made_again(
    published: PublishedLake, folder: Path, builds: list[Path], damage: Callable[[Path], None]
) -> None:
    published.publish("v1", forecast())
    expected = text_of(open_newest(published, folder))
    damage(file_of(folder))
    with pytest.raises(ColumnFileError):
        check_file(file_of(folder))
    assert text_of(open_newest(published, folder)) == expected
    assert len(builds) == 2


def test_a_cut_file_is_not_mapped(published: PublishedLake, folder: Path) -> None:
    published.publish("v1", forecast())
    open_newest(published, folder)
    cut(file_of(folder))
    with pytest.raises(ColumnFileError, match="cut short"):
        map_file(file_of(folder))


def test_one_of_several_processes_makes_the_file(
    published: PublishedLake, folder: Path, builds: list[Path]
) -> None:
    published.publish("v1", forecast())
    found: list[bytes] = []
    threads = [
        threading.Thread(target=lambda: found.append(text_of(open_newest(published, folder))))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(builds) == 1
    assert len(set(found)) == 1
    assert len(found) == 4


def test_only_the_files_used_last_are_kept(published: PublishedLake, folder: Path) -> None:
    mapped = []
    for number in range(version_files.KEPT_FILES + 2):
        published.publish(f"v{number}", forecast(units=number))
        mapped.append(open_newest(published, folder))
        path = max(folder.glob(f"*{SUFFIX}"), key=version_files.used_at)
        os.utime(path, (number, number))
    assert len(list(folder.glob(f"*{SUFFIX}"))) == version_files.KEPT_FILES
    assert b'"units":0.0' in text_of(mapped[0]), "a mapped file lasts"


def test_what_a_killed_process_left_is_deleted(published: PublishedLake, folder: Path) -> None:
    folder.mkdir()
    old, new = folder / "old.1.partial", folder / "new.2.partial"
    for path in (old, new):
        path.write_bytes(b"x")
    before = time.time() - 2 * version_files.ABANDONED_SECONDS
    os.utime(old, (before, before))
    published.publish("v1", forecast())
    open_newest(published, folder)
    assert (old.exists(), new.exists()) == (False, True)


def test_a_great_version_is_built_in_a_process(
    published: PublishedLake, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published.publish("v1", forecast())
    here = text_of(open_newest(published, folder))
    file_of(folder).unlink()
    monkeypatch.setattr(version_files, "FEW_ROWS", 0)
    assert text_of(open_newest(published, folder)) == here
    published.publish("v2", forecast(), rows=3)
    with pytest.raises(LakeError, match="version v2 has 1 forecasts, 3 were published"):
        open_newest(published, folder)


def test_only_this_user_reads_the_folder(published: PublishedLake, folder: Path) -> None:
    published.publish("v1", forecast())
    open_newest(published, folder)
    assert folder.stat().st_mode & 0o077 == 0
