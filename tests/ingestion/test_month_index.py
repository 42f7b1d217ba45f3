"""Where a sale may be stored is found without a look at the sales of other months."""

import random
import shutil
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from builders import cancel, events, profile, record
from injection import Killed, hooked, kill_at
from lakes import rows

from ingestion.sales.intake import merge_few_sales
from ingestion.sales.month_index import find_months, fingerprints
from lakehouse.delta import log, run_files, sorted_runs
from lakehouse.delta.arrow import append_rows
from lakehouse.delta.upkeep import compact
from lakehouse.delta.upserts import upsert_rows
from lakehouse.lake import Lake
from lakehouse.storage import local_path
from lakehouse.tables.silver import DAILY_SALES, SALE_MONTHS

MONTHS = [date(2015, month, 1) for month in range(1, 13)]
NOW = datetime(2016, 1, 1, tzinfo=UTC)
LATER = "2036-01-01T00:00:00Z"


def sales(ids: list[str], months: list[date | None]) -> pa.Table:
    """Rows of silver.daily_sales; those without a month are tombstones."""
    count = len(ids)
    columns = {
        "sale_id": ids,
        "date": months,
        "month": months,
        "shop_id": ["1"] * count,
        "item_id": ["10"] * count,
        "units": [1] * count,
        "price": [None] * count,
        "updated_at": [NOW] * count,
        "is_cancelled": [month is None for month in months],
        "source": ["till"] * count,
        "partition": [0] * count,
        "offset": list(range(count)),
        "ingested_at": [NOW] * count,
    }
    return pa.table({n: pa.array(v, DAILY_SALES.schema.field(n).type) for n, v in columns.items()})


def months_of(lake: Lake, *ids: str) -> set[date | None]:
    return find_months(lake, pa.chunked_array([list(ids)], pa.string()))


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1])
def test_every_month_that_holds_a_sale_is_found_and_no_month_that_never_did(
    seed: int, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through appends, moves, compaction and runs that are joined."""
    monkeypatch.setattr(run_files, "GROUPS", 2)
    for name, value in (("ROWS_PER_GROUP", 4), ("ROWS_PER_FILE", 16)):
        monkeypatch.setattr(sorted_runs, name, value)
    chosen, ever = random.Random(seed), dict[str, set[date | None]]()
    for number in range(30):
        ids = [f"sale-{n}" for n in chosen.sample(range(200), chosen.randint(1, 9))]
        places = [chosen.choice([*MONTHS, None]) for _ in ids]
        upsert_rows(lake, DAILY_SALES, sales(ids, places))
        for sale_id, month in zip(ids, places, strict=True):
            ever.setdefault(sale_id, set()).add(month)
        if number % 13 == 12:
            compact(lake, DAILY_SALES, 1)
        if number % 3:
            months_of(lake, "sale-0")
    stored = dict(rows(lake, DAILY_SALES, "sale_id", "month"))
    for number in range(200):
        found = months_of(lake, sale_id := f"sale-{number}")
        assert ({stored[sale_id]} if sale_id in stored else set()) <= found
        assert found <= ever.get(sale_id, set())
    assert months_of(lake, *ever) == set().union(*ever.values())
    files = run_files.list_files(log.load(lake, SALE_MONTHS), SALE_MONTHS)
    assert len(files) < 30, "runs are joined"
    assert max(file.rows for file in files) <= 2 * 16


def test_an_index_that_was_cut_off_while_runs_are_joined_finds_every_month(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sorted_runs, "ROWS_PER_FILE", 16)
    killed = 0
    for number in range(12):
        upsert_rows(lake, DAILY_SALES, sales([f"sale-{number}"], [MONTHS[number]]))
        # The second commit of an update is that of joined runs.
        with hooked(kill_at(f"before {SALE_MONTHS.path}", 2)):
            try:
                months_of(lake, "sale-0")
            except Killed:
                killed += 1
    assert killed
    for number in range(12):
        assert months_of(lake, f"sale-{number}") == {MONTHS[number]}


def test_an_index_of_another_table_is_made_again(lake: Lake) -> None:
    append_rows(lake, DAILY_SALES, sales(["a"], [MONTHS[0]]))
    assert months_of(lake, "a") == {MONTHS[0]}
    shutil.rmtree(local_path(lake.uri(DAILY_SALES)))
    log.forget()
    append_rows(lake, DAILY_SALES, sales(["a"], [MONTHS[1]]))
    assert months_of(lake, "a") == {MONTHS[1]}


def test_an_index_whose_changes_are_no_longer_told_is_made_again(lake: Lake) -> None:
    append_rows(lake, DAILY_SALES, sales(["a", "b"], MONTHS[:2]))
    assert months_of(lake, "a") == {MONTHS[0]}
    upsert_rows(lake, DAILY_SALES, sales(["a"], [MONTHS[5]]))
    log.load(lake, DAILY_SALES).create_checkpoint()
    for commit in (local_path(lake.uri(DAILY_SALES)) / "_delta_log").glob("*.json"):
        commit.unlink()
    log.forget()
    assert months_of(lake, "a") == {MONTHS[5]}


def test_fingerprints_differ_where_ids_do() -> None:
    ids = ["", "a", "b", "aa", "ab", "ba", "1", "11", "\x00", *(str(n) for n in range(12, 50_000))]
    ids += ["x" * 300, "ü" * 150, "y" * 300]
    found = fingerprints(pa.array(ids))
    assert len(set(found.tolist())) == len(ids)
    assert np.array_equal(fingerprints(pa.array(ids).slice(7, 9)), found[7:16])


def read_by(lake: Lake, *values: bytes, offset: int) -> int:
    """The bytes that this process reads for a micro-batch."""
    before = bytes_read()
    offsets = range(offset, offset + len(values))
    merge_few_sales(lake, events(*values, offsets=offsets), profile())
    return bytes_read() - before


def bytes_read() -> int:
    counters = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return int(counters["rchar"])


MICRO_BATCHES = {
    "sales that name nothing": [record(item_id=str(n), date="2015-12-05") for n in range(5)],
    "sales that name themselves": [
        record(sale_id=f"new-{n}", date="2015-12-05", updated_at=LATER) for n in range(5)
    ],
    "a cancel": [cancel("old-7", LATER)],
    "a cancel of what was not seen": [cancel("nothing", LATER)],
    "a move": [record(sale_id="old-8", date="2015-12-06", updated_at=LATER)],
}


def history(folder: Path, count: int) -> Lake:
    """A lake of as many sales in each of four months, and few in a fifth; one was cancelled."""
    lake = Lake.at(str(folder))
    for month in MONTHS[:4]:
        ids = [f"lot-{month}-{i}" for i in range(count)]
        append_rows(lake, DAILY_SALES, sales(ids, [month] * len(ids)))
    old = [f"old-{n}" for n in range(500)]
    append_rows(lake, DAILY_SALES, sales(old, [MONTHS[10]] * len(old)))
    read_by(lake, cancel("old-1", LATER), offset=0)
    return lake


@pytest.mark.slow
def test_a_micro_batch_after_the_first_cancel_reads_the_same_beside_ten_times_the_sales(
    tmp_path: Path,
) -> None:
    """Of months that the micro-batch does not touch; the one that it may touch has as many."""
    small, large = (history(tmp_path / str(count), count) for count in (8_000, 80_000))
    for number, (kind, values) in enumerate(MICRO_BATCHES.items(), 1):
        few, many = (read_by(lake, *values, offset=10 * number) for lake in (small, large))
        assert many < 1.4 * few, (kind, few, many)
    for lake in (small, large):
        ids = rows(lake, DAILY_SALES, "sale_id")
        assert len(ids) == len(set(ids)), "a sale is one row"
