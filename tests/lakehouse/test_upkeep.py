"""Upkeep changes no row, and commits nothing where there is nothing to do."""

import os
import time

import pytest
from builders import events, profile
from job_runs import run
from lakes import rows

from jobs import maintain
from lakehouse.delta import log
from lakehouse.delta.arrow import append_rows
from lakehouse.delta.deletes import delete_rows
from lakehouse.delta.upkeep import vacuum
from lakehouse.lake import Lake
from lakehouse.profile.stored import claim_lake
from lakehouse.storage import local_path
from lakehouse.tables.bronze import SALES_EVENTS as TABLE


@pytest.fixture
def altered(lake: Lake) -> Lake:
    """A lake with a table of which a version before the last has files of its own."""
    append_rows(lake, TABLE, events(b"{}", b"{}"))
    delete_rows(lake, TABLE, events(b"{}"))
    return lake


def data_files(lake: Lake) -> int:
    return len(list(local_path(lake.uri(TABLE)).glob("*.parquet")))


def test_files_that_went_are_not_removed_again(altered: Lake) -> None:
    time.sleep(0.01)
    assert (vacuum(altered, TABLE, 0), data_files(altered)) == (1, 1)
    version, kept = log.version(altered, TABLE), rows(altered, TABLE)
    for _ in range(2):
        assert vacuum(altered, TABLE, 0) == 0
    assert (log.version(altered, TABLE), rows(altered, TABLE)) == (version, kept)


def test_of_files_to_remove_those_that_went_before_are_not_counted(altered: Lake) -> None:
    time.sleep(0.01)
    vacuum(altered, TABLE, 0)
    stray = local_path(altered.uri(TABLE)) / "stray.parquet"
    stray.touch()
    os.utime(stray, (1, 1))
    assert (vacuum(altered, TABLE, 0), stray.exists()) == (1, False)


def test_a_lake_that_is_maintained_again_stays_as_it_is(altered: Lake) -> None:
    claim_lake(altered, profile())
    asked = (maintain.JOB, "--lake", altered.root, "--retain-hours", 0)
    time.sleep(0.01)
    assert run(*asked)[1]["files_removed"] == 1
    version = log.version(altered, TABLE)
    code, figures = run(*asked)
    assert (code, figures["files_removed"], log.version(altered, TABLE)) == (0, 0, version)
