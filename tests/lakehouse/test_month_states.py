"""States of months: a commit moves those of the months whose rows it changes, and no other."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import CommitProperties, DeltaTable, Transaction, write_deltalake
from deltalake.exceptions import CommitFailedError
from injection import Killed, hooked, kill_at

from lakehouse.delta import builds, creation, listing, log
from lakehouse.delta.arrow import append_rows, read_table
from lakehouse.delta.deletes import delete_rows
from lakehouse.delta.months import BuiltMonths, patch_months, replace_months
from lakehouse.delta.part_upserts import upsert_parts
from lakehouse.delta.parts import DataFile, TableRows, commit_parts, write_files
from lakehouse.delta.replacement import replace_rows
from lakehouse.delta.states import MADE, as_digest, as_number, rows_changed
from lakehouse.delta.transactions import transaction_numbers
from lakehouse.delta.upkeep import compact, delete_where, vacuum
from lakehouse.delta.upserts import upsert_rows
from lakehouse.lake import Lake
from lakehouse.table import Column, Table
from lakehouse.types import COUNT, DATE, TEXT

MAY, JUNE, JULY = (date(2015, month, 1) for month in (5, 6, 7))
TABLE = Table(
    layer="silver",
    name="counted",
    description="What was counted.",
    columns=(
        Column("id", TEXT, "who", False),
        Column("month", DATE, "when, first day; null: not known"),
        Column("units", COUNT, "units", False),
    ),
    key=("id",),
    partition_by=("month",),
)
WHOLE = replace(TABLE, name="whole", partition_by=())


def rows(*values: tuple[str, date | None, int]) -> pa.Table:
    plain = pa.schema([(column.name, column.type) for column in TABLE.columns])
    return pa.table([list(column) for column in zip(*values, strict=True)], schema=plain)


def parts(lake: Lake, made: pa.Table) -> list[DataFile]:
    return write_files(lake, TableRows(TABLE, made))


@pytest.fixture
def counted(lake: Lake) -> Lake:
    """A lake with rows of three months and one without a month."""
    append_rows(lake, TABLE, rows(("a", MAY, 1), ("b", JUNE, 2), ("c", JULY, 3), ("d", None, 4)))
    return lake


NEW = rows(("e", MAY, 5))
CHANGES: dict[str, tuple[Callable[[Lake], object], set[date]]] = {
    "append": (lambda lake: append_rows(lake, TABLE, NEW), {MAY}),
    "commit parts": (lambda lake: commit_parts(lake, TABLE, parts(lake, NEW)), {MAY}),
    "upsert parts": (lambda lake: upsert_parts(lake, TABLE, parts(lake, NEW)), {MAY}),
    "insert": (lambda lake: upsert_rows(lake, TABLE, NEW), {MAY}),
    "update": (lambda lake: upsert_rows(lake, TABLE, rows(("a", MAY, 9))), {MAY}),
    "insert and update": (
        lambda lake: upsert_rows(lake, TABLE, rows(("a", MAY, 9), ("e", JUNE, 5))),
        {MAY, JUNE},
    ),
    "move to another month": (
        lambda lake: upsert_rows(lake, TABLE, rows(("a", JUNE, 1))),
        {MAY, JUNE},
    ),
    "move to no month": (lambda lake: upsert_rows(lake, TABLE, rows(("a", None, 1))), {MAY}),
    "move from no month": (lambda lake: upsert_rows(lake, TABLE, rows(("d", MAY, 1))), {MAY}),
    "upsert a move": (
        lambda lake: upsert_parts(lake, TABLE, parts(lake, rows(("a", JUNE, 1)))),
        {MAY, JUNE},
    ),
    "delete": (lambda lake: delete_rows(lake, TABLE, rows(("a", MAY, 0))), {MAY}),
    "delete where": (lambda lake: delete_where(lake, TABLE, "id = 'a'"), {MAY, JUNE, JULY}),
    "replace rows": (
        lambda lake: replace_rows(lake, TABLE, NEW, {"month": MAY, "id": "e"}),
        {MAY},
    ),
    "replace months": (
        lambda lake: replace_months(lake, TABLE, BuiltMonths([MAY]), parts(lake, NEW)),
        {MAY},
    ),
    "patch months": (
        lambda lake: patch_months(lake, TABLE, BuiltMonths([MAY]), lambda _month, _stored: NEW),
        {MAY},
    ),
    "record alone": (
        lambda lake: replace_months(lake, TABLE, BuiltMonths([], {MAY: "0" * 16}), []),
        set(),
    ),
    "another property": (lambda lake: log.set_property(lake, TABLE, "shopcast.x", "1"), set()),
    "upkeep": (lambda lake: (compact(lake, TABLE, 0), vacuum(lake, TABLE, 0)), set()),
}


def moved(lake: Lake, before: dict[date, str]) -> set[date]:
    after = listing.month_digests(lake, TABLE)
    return {m for m in before.keys() | after.keys() if before.get(m) != after.get(m)}


@pytest.mark.parametrize("how", CHANGES)
def test_a_write_moves_the_states_of_the_months_whose_rows_it_changes(
    counted: Lake, how: str
) -> None:
    before = listing.month_digests(counted, TABLE)
    change, months = CHANGES[how]
    change(counted)
    assert moved(counted, before) == months
    log.forget()
    assert moved(counted, before) == months


@pytest.mark.parametrize("how", CHANGES)
def test_compaction_after_a_write_moves_no_state(counted: Lake, how: str) -> None:
    CHANGES[how][0](counted)
    for number in range(2):
        append_rows(counted, TABLE, rows((f"f{number}", MAY, 6)))
    states = listing.month_digests(counted, TABLE)
    files = log.all_files(counted, TABLE)
    compact(counted, TABLE, 1)
    vacuum(counted, TABLE, 0)
    assert log.all_files(counted, TABLE) != files
    assert moved(counted, states) == set()


def test_a_month_that_lost_its_rows_has_no_state_and_gets_another_one(counted: Lake) -> None:
    before = listing.month_digests(counted, TABLE)
    delete_rows(counted, TABLE, rows(("a", MAY, 0)))
    assert MAY not in listing.month_digests(counted, TABLE)
    append_rows(counted, TABLE, rows(("a", MAY, 1)))
    assert moved(counted, before) == {MAY}


def test_files_without_a_recorded_state_keep_that_of_their_names_through_compaction(
    lake: Lake,
) -> None:
    opened = creation.create_table(lake, TABLE)
    for number in range(3):
        # As programs before wrote them.
        write_deltalake(opened, TABLE.shaped(rows((str(number), MAY, 1))), mode="append")
    before = listing.month_digests(lake, TABLE)
    assert before == listing.names_digests(log.load(lake, TABLE))
    assert compact(lake, TABLE, 1) == 3
    assert listing.month_digests(lake, TABLE) == before
    upsert_rows(lake, TABLE, rows(("1", MAY, 2)))
    assert moved(lake, before) == {MAY}


@pytest.mark.parametrize("point", ["states", "compaction", "checkpoint"])
def test_a_compaction_that_was_cut_off_moves_no_state(lake: Lake, point: str) -> None:
    opened = creation.create_table(lake, TABLE)
    for number in range(3):
        write_deltalake(opened, TABLE.shaped(rows((str(number), MAY, 1))), mode="append")
    before, kept = listing.month_digests(lake, TABLE), read_table(lake, TABLE).sort_by("id")
    with pytest.raises(Killed), hooked(kill_at(f"before {TABLE.path} {point}")):
        compact(lake, TABLE, 1)
    assert listing.month_digests(lake, TABLE) == before
    compact(lake, TABLE, 1)
    assert (listing.month_digests(lake, TABLE), len(log.all_files(lake, TABLE))) == (before, 1)
    assert read_table(lake, TABLE).sort_by("id").equals(kept)


def test_a_table_without_months_has_one_state(lake: Lake) -> None:
    for number in range(3):
        append_rows(lake, WHOLE, rows((str(number), MAY, 1)))
    before = listing.table_digest(lake, WHOLE)
    assert compact(lake, WHOLE, 1) == 3
    assert listing.table_digest(lake, WHOLE) == before
    upsert_rows(lake, WHOLE, rows(("1", MAY, 2)))
    changed = listing.table_digest(lake, WHOLE)
    delete_rows(lake, WHOLE, rows(("1", MAY, 2)))
    assert len({before, changed, listing.table_digest(lake, WHOLE)}) == 3


def test_of_two_commits_that_change_a_month_at_the_same_time_one_is_refused(counted: Lake) -> None:
    first, second, third = (DeltaTable(counted.uri(TABLE)) for _ in range(3))
    append_with(first, rows_changed(TABLE, [MAY]))
    with pytest.raises(CommitFailedError):
        append_with(second, rows_changed(TABLE, [MAY, JUNE]))
    append_with(third, rows_changed(TABLE, [JUNE]))


def append_with(opened: DeltaTable, changed: list[Transaction]) -> None:
    properties = CommitProperties(app_transactions=changed)
    write_deltalake(opened, TABLE.shaped(NEW), mode="append", commit_properties=properties)


def test_what_months_are_made_from_outlives_200_commits_checkpoints_and_the_clean_up_of_the_log(
    counted: Lake,
) -> None:
    made_from = {MAY: "0123456789abcdef", JUNE: "fedcba9876543210"}
    replace_months(counted, TABLE, BuiltMonths([], made_from), [])
    states = listing.month_digests(counted, TABLE)
    for number in range(200):
        log.set_property(counted, TABLE, "shopcast.x", str(number))
    log.set_property(counted, TABLE, "delta.logRetentionDuration", "interval 0 days")
    log.load(counted, TABLE).create_checkpoint()
    log.load(counted, TABLE).cleanup_metadata()
    listed = sorted(p.name for p in (Path(counted.uri(TABLE)[7:]) / "_delta_log").iterdir())
    assert listed[0].startswith("00000000000000000203."), listed
    for is_open in (True, False):
        assert builds.read_digests(counted, TABLE) == made_from
        assert listing.month_digests(counted, TABLE) == states
        opened = log.load(counted, TABLE)
        numbers = transaction_numbers(opened, counted.uri(TABLE))
        assert numbers == {name: opened.transaction_version(name) for name in numbers}
        assert f"{MADE} 2015-05" in numbers
        if is_open:
            log.forget()


def test_a_digest_is_the_same_after_it_was_a_number() -> None:
    for made in ("0" * 16, "f" * 16, "8000000000000000", "7fffffffffffffff", "0123456789abcdef"):
        assert as_digest(as_number(made)) == made


def test_states_are_of_the_version_that_files_are_of(counted: Lake) -> None:
    months = listing.list_months(counted, TABLE)
    upsert_rows(counted, TABLE, NEW)
    assert listing.list_months(counted, TABLE).states[MAY] != months.states[MAY]
    assert len(listing.list_months(counted, TABLE).files[MAY]) == len(months.files[MAY]) + 1


def test_of_two_that_fill_an_empty_table_at_the_same_time_no_row_comes_twice(lake: Lake) -> None:
    creation.create_table(lake, TABLE)
    first, second = (parts(lake, rows(("a", MAY, 1), (other, JUNE, 2))) for other in ("b", "c"))
    with hooked(kill_at(f"before {TABLE.path}", 1, lambda: upsert_parts(lake, TABLE, second))):
        upsert_parts(lake, TABLE, first)
    assert sorted(read_table(lake, TABLE, ["id"])["id"].to_pylist()) == ["a", "b", "c"]
