"""Small files are whole after any crash, and of those who claim one at the same time one wins."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from injection import Killed, hooked, kill

from lakehouse.storage import local_path, normal_uri
from lakehouse.whole_files import claim_file, claimed, read_file, write_file

NAME, BEFORE, AFTER = "marker.json", b"before", b"after" * 100


@pytest.fixture
def uri(tmp_path: Path) -> str:
    return normal_uri(str(tmp_path / "folder"))


@pytest.mark.parametrize("step", ["open", "fsync", "replace"])
def test_a_file_whose_writer_is_cut_off_is_as_before(
    uri: str, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_file(uri, NAME, BEFORE)
    with monkeypatch.context() as patched:
        patched.setattr(*{
            "open": (Path, "open", kill),
            "fsync": (os, "fsync", kill),
            "replace": (Path, "replace", kill),
        }[step])  # fmt: skip
        with pytest.raises(Killed):
            write_file(uri, NAME, AFTER)
    assert read_file(uri, NAME) == BEFORE
    write_file(uri, NAME, AFTER)
    assert (read_file(uri, NAME), os.listdir(local_path(uri))) == (AFTER, [NAME])


def test_others_may_read_what_was_written_as_the_umask_says(uri: str) -> None:
    write_file(uri, NAME, AFTER)
    plain = local_path(uri) / "plain"
    plain.touch()
    assert (local_path(uri) / NAME).stat().st_mode == plain.stat().st_mode


def test_who_comes_between_wins_and_the_other_reads_it(uri: str) -> None:
    def other(_point: str) -> None:
        if read_file(uri, NAME) is None:
            (local_path(uri) / NAME).write_bytes(BEFORE)

    with hooked(other):
        assert claim_file(uri, NAME, AFTER) == BEFORE
    assert os.listdir(local_path(uri)) == [NAME]


@pytest.mark.parametrize("_turn", range(20))
def test_of_many_who_keep_the_first_commit_of_a_log_all_read_what_one_wrote(
    uri: str, _turn: int
) -> None:
    with ThreadPoolExecutor(4) as pool:
        found = set(pool.map(lambda mine: claimed(uri, mine), [b"%d" % n for n in range(8)]))
    assert len(found) == 1


def test_of_many_who_claim_a_file_all_read_what_one_wrote(uri: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = set(
            pool.map(lambda mine: claim_file(uri, NAME, mine), [b"%d" % n for n in range(40)])
        )
    assert found == {read_file(uri, NAME)}
