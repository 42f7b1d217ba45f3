"""A table is made, and its months replaced, in steps that each leave it whole."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date

import pyarrow as pa
import pytest
from deltalake.exceptions import DeltaError
from injection import Killed, hooked, kill_at
from lakes import rows

from lakehouse.delta import builds, creation, log
from lakehouse.delta.arrow import append_rows, read_table
from lakehouse.delta.months import BuiltMonths, patch_months, replace_months
from lakehouse.delta.parts import DataFile, TableRows, write_files
from lakehouse.errors import ConflictError
from lakehouse.lake import Lake
from lakehouse.table import Check, Column, Table
from lakehouse.types import COUNT, DATE, TEXT

MAY, JUNE = date(2015, 5, 1), date(2015, 6, 1)
BEFORE = Table(
    layer="silver",
    name="counted",
    description="What was counted.",
    columns=(Column("id", TEXT, "who", False), Column("month", DATE, "when", False)),
    key=("id", "month"),
    partition_by=("month",),
)
# What months are made from.
FIRST, SECOND, MINE, THEIRS = map(log.digest, ("first", "second", "mine", "theirs"))
UNITS = Column("units", COUNT, "units")
AFTER = replace(BEFORE, columns=(*BEFORE.columns, UNITS))
CHECKED = replace(AFTER, checks=(Check("sold", "units > 0", "something is sold"),))


def made(lake: Lake, table: Table, *months: date) -> list[DataFile]:
    units = [1] * len(months)
    columns = {"id": ["a"] * len(months), "month": list(months), "units": units}
    rows = pa.table({name: columns[name] for name in table.names}).cast(table.schema)
    return write_files(lake, TableRows(table, rows))


@pytest.fixture
def older(lake: Lake) -> Lake:
    replace_months(lake, BEFORE, BuiltMonths([MAY], {MAY: FIRST}), made(lake, BEFORE, MAY))
    return lake


def test_months_with_other_columns_replace_those_before_by_one_commit(older: Lake) -> None:
    before = log.version(older, BEFORE)
    parts = made(older, AFTER, JUNE)
    with pytest.raises(Killed), hooked(kill_at(f"before {AFTER.path}")):
        replace_months(older, AFTER, BuiltMonths([JUNE], {JUNE: SECOND}, is_whole=True), parts)
    assert rows(older, BEFORE) == [("a", MAY)]
    replace_months(older, AFTER, BuiltMonths([JUNE], {JUNE: SECOND}, is_whole=True), parts)
    assert (log.version(older, AFTER), rows(older, AFTER)) == (before + 1, [("a", JUNE, 1)])
    assert builds.read_digests(older, AFTER)[JUNE] == SECOND


@pytest.mark.parametrize("verb", ["replace", "patch", "replace with other columns"])
def test_what_another_writer_records_meanwhile_is_not_lost(older: Lake, verb: str) -> None:
    """The other comes before the commit, or between what is compared and what is read."""
    table = AFTER if verb == "replace with other columns" else BEFORE
    mine, others = made(older, table, MAY), made(older, BEFORE, JUNE)

    def other(*_: object) -> None:
        if JUNE not in builds.read_digests(older, BEFORE):
            replace_months(older, BEFORE, BuiltMonths([JUNE], {JUNE: THEIRS}), others)

    def patch(_month: date, stored: pa.Table) -> pa.Table:
        other()
        return stored

    def write() -> None:
        if verb == "patch":
            patch_months(older, table, BuiltMonths([MAY], {MAY: MINE}), patch)
            return
        with hooked(kill_at(f"before {table.path}", 1, other)):
            built = BuiltMonths([MAY], {MAY: MINE}, is_whole=table is AFTER)
            replace_months(older, table, built, mine)

    with pytest.raises(ConflictError):
        write()
    assert builds.read_digests(older, BEFORE) == {MAY: FIRST, JUNE: THEIRS}
    assert rows(older, BEFORE) == [("a", MAY), ("a", JUNE)]


def test_a_table_whose_maker_is_cut_off_before_its_checks_has_them_afterwards(lake: Lake) -> None:
    nothing_sold = pa.table({"id": ["a"], "month": [MAY], "units": [0]}).cast(CHECKED.schema)
    with pytest.raises(Killed), hooked(kill_at(f"before {CHECKED.path} checks")):
        append_rows(lake, CHECKED, nothing_sold)
    with pytest.raises(DeltaError, match="validation check"):
        append_rows(lake, CHECKED, nothing_sold)
    assert len(read_table(lake, CHECKED)) == 0


@pytest.mark.parametrize("_turn", range(20))
def test_of_many_who_make_a_table_none_fails(lake: Lake, _turn: int) -> None:
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: creation.create_table(lake, CHECKED), range(8)))
    assert {one.metadata().id for one in made} == {log.table_id(lake, CHECKED)}
    operations = [commit["operation"] for commit in log.load(lake, CHECKED).history()]
    assert operations.count("CREATE TABLE") == 1
