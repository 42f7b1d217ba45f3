"""A lake in S3: a real server that speaks S3, in this process."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pytest
from builders import CATEGORIES, profile, sale_line, sales_text
from builders import ITEMS as ITEMS_CSV
from builders import SHOPS as SHOPS_CSV
from injection import Killed, hooked, kill_at
from job_runs import run
from s3_server import running_s3, variables
from served import served_snapshot
from store_checks import check_no_commit_is_lost, check_same_as_in_a_folder

from ingestion.files.rows import source_rows
from ingestion.files.source_file import Known
from ingestion.files.sources import find_sources
from jobs import build_features
from lakehouse.errors import LakeError
from lakehouse.lake import Lake
from lakehouse.profile.profile import Profile
from lakehouse.profile.stored import MARKER, claim_lake, stored_profile
from lakehouse.storage import filesystem

ROOT = Path(__file__).parents[2]
WRITERS = 4


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with running_s3() as server:
        yield server


@pytest.fixture
def stored(address: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Lake:
    """A place for a lake in the bucket."""
    for name, value in variables(address).items():
        monkeypatch.setenv(name, value)
    return Lake.at(f"s3a://retailer/{request.node.name}")


@pytest.mark.slow
def test_sales_cells_and_features_of_a_small_lake_are_as_in_a_folder(
    stored: Lake, lake: Lake
) -> None:
    check_same_as_in_a_folder(stored, lake)


@pytest.mark.slow
def test_writers_at_the_same_time_lose_no_commit(stored: Lake) -> None:
    check_no_commit_is_lost(stored)


@pytest.mark.parametrize(
    ("variable", "value"),
    [("AWS_CONDITIONAL_PUT", "disabled"), ("AWS_S3_LOCKING_PROVIDER", "dynamodb")],
)
def test_a_step_is_refused_where_its_commits_would_not_be_kept_apart(
    variable: str, value: str, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    code, figures = run(build_features.JOB, "--lake", "s3a://retailer/lake")
    assert (code, f"{variable}={value}" in figures["error"]) == (3, True)
    _, figures = run(build_features.JOB, "--lake", lake.root)
    assert "run ingest_history first" in figures["error"], "a folder is fine"


def test_a_store_that_lets_nobody_in_is_told_without_a_page(
    monkeypatch: pytest.MonkeyPatch, lake: Lake
) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    code, figures = run(build_features.JOB, "--lake", "s3a://retailer/lake")
    assert (code, "\n" in figures["error"], "\x1b" in figures["error"]) == (3, False, False)
    assert "s3a://retailer/lake: the object store does not answer" in figures["error"]
    assert "check the name, the credentials" in figures["error"]
    with pytest.raises(LakeError, match="does not answer"):
        served_snapshot(Lake.at("s3a://retailer/lake"))
    lake.require_store()


@pytest.mark.slow
def test_of_many_who_claim_a_lake_in_a_store_one_decides(stored: Lake) -> None:
    profiles = [profile(), profile("m5")] * WRITERS

    def claim(mine: Profile) -> bool:
        try:
            claim_lake(stored, mine)
        except LakeError:
            return False
        return True

    with ThreadPoolExecutor(WRITERS) as pool:
        won = list(pool.map(claim, profiles))
    assert won == [mine == stored_profile(stored) for mine in profiles]


@pytest.mark.slow
def test_a_claim_that_was_cut_off_in_a_store_stands(stored: Lake) -> None:
    with pytest.raises(Killed), hooked(kill_at(f"before {MARKER}")):
        claim_lake(stored, profile())
    with pytest.raises(LakeError, match="no lake here"):
        stored_profile(stored)
    with pytest.raises(LakeError, match="made with profile 'sample', not 'm5'"):
        claim_lake(stored, profile("m5"))
    assert stored_profile(stored) == profile()


def test_nothing_is_committed_by_spark() -> None:
    """Its commits to S3 may overwrite those of another process."""
    marks = ("from delta.tables", ".write.format(", ".writeTo(", ".saveAsTable(", ".insertInto(")
    sources = [
        p for part in ("lakehouse", "jobs", "streaming") for p in (ROOT / part).rglob("*.py")
    ]
    found = [(p.name, mark) for p in sources for mark in marks if mark in p.read_text()]
    assert (len(sources) > 50, found) == (True, [])


@pytest.mark.slow
def test_files_in_a_store_are_read_by_their_exact_names_and_once(stored: Lake) -> None:
    texts = {name: sales_text(sale_line(item_id=name)) for name in ("sales[1].csv", "sales1.csv")}
    lists = {"shops.csv": SHOPS_CSV, "items.csv": ITEMS_CSV, "item_categories.csv": CATEGORIES}
    files = filesystem(stored.root)
    for name, text in {**texts, **lists, "2015/sales_9.csv": "x"}.items():
        with files.open_output_stream(name) as stream:
            stream.write(text.encode())
    found = find_sources(stored.root, profile())
    items = {s.name: pa.concat_tables(source_rows(s))["item_id"].to_pylist() for s in found.sales}
    assert items == {name: [name] for name in texts}
    assert [one.name for one in found.not_read] == ["2015/sales_9.csv"]
    known = {source.uri: Known(source.stamp, source.digest) for source in found.files}
    assert not any(s.pieces for s in find_sources(stored.root, profile(), known).files)
