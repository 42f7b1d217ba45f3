"""Ingest of the real files in shared/data, which are no part of the repository."""

import shutil
from pathlib import Path

import pytest
from job_runs import run
from lakes import rows, versions

from jobs.ingest_history import JOB
from lakehouse.lake import Lake
from lakehouse.tables.silver import DAILY_SALES, ITEMS, SHOPS

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("spark")]
# Lines of September 2015 that the subset of sales_train has too.
COMMON = 8_907
TRAIN, SEPTEMBER = 275_993, 50_588


@pytest.fixture
def folder(shared_data: Path, tmp_path: Path) -> Path:
    """1C's lists and its subset of sales_train."""
    return Path(shutil.copytree(shared_data / "1c", tmp_path / "data"))


def test_1cs_overlapping_files_collapse(lake: Lake, folder: Path, shared_data: Path) -> None:
    arguments = ("--data", folder, "--profile", "1c", "--lake", lake.root)
    first = run(JOB, *arguments)[1]
    assert (first["received"], first["live"], first["superseded"]) == (TRAIN, TRAIN - 1, 1)
    shutil.copy(shared_data / "1c_2015-09" / "sales_2015-09.csv.gz", folder)
    code, second = run(JOB, *arguments)
    assert code == 0
    assert (second["received"], second["rejected"]) == (SEPTEMBER, 0)
    ids = rows(lake, DAILY_SALES, "sale_id")
    assert len(ids) == len(set(ids)) == TRAIN - 1 + SEPTEMBER - COMMON - second["superseded"]
    before = versions(lake, DAILY_SALES, SHOPS, ITEMS)
    assert run(JOB, *arguments)[1]["files_skipped"] == 2
    assert versions(lake, DAILY_SALES, SHOPS, ITEMS) == before
    assert len(rows(lake, SHOPS, "shop_id")) == 60
    assert len(rows(lake, ITEMS, "item_id")) == 22_170
