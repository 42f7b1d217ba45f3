"""A log that is damaged is told with its file and what helps, or read without it."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from builders import events, profile
from job_runs import run
from lakes import rows

from jobs import maintain
from lakehouse.delta import log
from lakehouse.delta.arrow import append_rows
from lakehouse.errors import LakeError
from lakehouse.lake import Lake
from lakehouse.profile.stored import claim_lake
from lakehouse.storage import local_path
from lakehouse.tables.bronze import SALES_EVENTS as TABLE

CHECKPOINT, COMMIT = "00000000000000000002.checkpoint.parquet", "00000000000000000003.json"
EARLIER = "00000000000000000001.json"
MOVE, COPY = "move what is damaged and _last_checkpoint", "put it back from a copy"


@pytest.fixture
def folder(lake: Lake) -> Path:
    """The log of a table with a checkpoint and commits after it."""
    claim_lake(lake, profile())
    for number in range(2):
        append_rows(lake, TABLE, events(b"{}", source=str(number)))
    log.load(lake, TABLE).create_checkpoint()
    append_rows(lake, TABLE, events(b"{}", source="2"))
    log.forget()
    return local_path(lake.uri(TABLE)) / "_delta_log"


def halve(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def empty(path: Path) -> None:
    os.truncate(path, 0)


def spoil(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[200:260] = bytes(60)
    path.write_bytes(content)


@pytest.mark.parametrize("damage", [halve, empty, spoil, Path.unlink])
def test_a_damaged_checkpoint_is_named_and_the_table_read_once_it_is_moved_away(
    lake: Lake, folder: Path, damage: Callable[[Path], None]
) -> None:
    damage(folder / CHECKPOINT)
    named = "_last_checkpoint (checkpoint 2" if damage is Path.unlink else f"{CHECKPOINT} ("
    code, figures = run(maintain.JOB, "--lake", lake.root)
    assert (code, named in figures["error"], MOVE in figures["error"]) == (3, True, True), figures
    (folder / CHECKPOINT).unlink(missing_ok=True)
    (folder / "_last_checkpoint").unlink()
    assert len(rows(lake, TABLE)) == 3
    assert run(maintain.JOB, "--lake", lake.root)[0] == 0
    assert list(folder.glob("*.checkpoint.parquet"))


@pytest.mark.parametrize("damage", [halve, empty])
def test_a_table_is_read_whatever_its_last_checkpoint_is_said_to_be(
    lake: Lake, folder: Path, damage: Callable[[Path], None]
) -> None:
    damage(folder / "_last_checkpoint")
    assert len(rows(lake, TABLE)) == 3


@pytest.mark.parametrize("damage", [halve, empty])
@pytest.mark.parametrize("is_open", [False, True])
def test_a_damaged_commit_that_is_needed_comes_from_a_copy(
    lake: Lake, folder: Path, damage: Callable[[Path], None], is_open: bool
) -> None:
    if is_open:
        shutil.move(folder / COMMIT, folder / "kept")
        assert len(rows(lake, TABLE)) == 2
        shutil.move(folder / "kept", folder / COMMIT)
    damage(folder / COMMIT)
    with pytest.raises(LakeError) as told:
        rows(lake, TABLE)
    assert f"{COMMIT} (" in str(told.value)
    assert COPY in str(told.value)


def test_a_damaged_commit_before_the_checkpoint_does_not_matter(lake: Lake, folder: Path) -> None:
    halve(folder / EARLIER)
    assert len(rows(lake, TABLE)) == 3


def test_without_what_the_checkpoint_stands_for_it_comes_from_a_copy(
    lake: Lake, folder: Path
) -> None:
    (folder / EARLIER).unlink()
    halve(folder / CHECKPOINT)
    with pytest.raises(LakeError, match=COPY):
        rows(lake, TABLE)
