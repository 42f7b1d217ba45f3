"""Tables made by an earlier version of the program, written by this one."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any, TypeAlias

import pyarrow as pa
import pytest

from lakehouse.delta import log
from lakehouse.delta.arrow import append_rows, read_table
from lakehouse.delta.deletes import delete_rows
from lakehouse.delta.months import BuiltMonths, patch_months, replace_months
from lakehouse.delta.part_upserts import upsert_parts
from lakehouse.delta.parts import DataFile, TableRows, commit_parts, write_files
from lakehouse.delta.replacement import replace_rows
from lakehouse.delta.upserts import upsert_rows
from lakehouse.errors import LakeError
from lakehouse.lake import Lake
from lakehouse.table import Column, Table
from lakehouse.types import COUNT, DATE, RATE, TEXT

MAY, JUNE = date(2015, 5, 1), date(2015, 6, 1)
ID = Column("id", TEXT, "who", False)
MONTH = Column("month", DATE, "when, first day", False)
UNITS = Column("units", COUNT, "units", False)
OLDER = Table(
    layer="silver",
    name="counted",
    description="What was counted.",
    columns=(ID, MONTH, UNITS),
    key=("id",),
    partition_by=("month",),
)
Verb: TypeAlias = Callable[[Lake, Table, pa.Table], object]


def with_units(**changed: Any) -> Table:
    """The table with another declaration of its last column."""
    return replace(OLDER, columns=(ID, MONTH, replace(UNITS, **changed)))


def rows(table: Table, *values: tuple[str, date, float | None]) -> pa.Table:
    columns = zip(*values, strict=True)
    plain = pa.schema([(column.name, column.type) for column in table.columns])
    return pa.table([list(column) for column in columns], schema=plain)


def parts(lake: Lake, table: Table, made: pa.Table) -> list[DataFile]:
    return write_files(lake, TableRows(table, made))


def patch(lake: Lake, table: Table, made: pa.Table) -> None:
    patch_months(lake, table, BuiltMonths([MAY]), lambda _month, _stored: made)


# Each writes the row b, of May, into a table that has the row a, of May.
VERBS: dict[str, Verb] = {
    "append_rows": append_rows,
    "upsert_rows": upsert_rows,
    "replace_rows": lambda lake, table, made: replace_rows(lake, table, made, {"month": MAY}),
    "commit_parts": lambda lake, table, made: commit_parts(lake, table, parts(lake, table, made)),
    "upsert_parts": lambda lake, table, made: upsert_parts(lake, table, parts(lake, table, made)),
    "replace_months": lambda lake, table, made: replace_months(
        lake, table, BuiltMonths([MAY]), parts(lake, table, made)
    ),
    "patch_months": patch,
}
every_verb = pytest.mark.parametrize("verb", VERBS.values(), ids=VERBS.keys())


@pytest.fixture
def older(lake: Lake) -> Lake:
    """A lake with the table as it was."""
    append_rows(lake, OLDER, rows(OLDER, ("a", MAY, 1)))
    return lake


@every_verb
def test_a_comment_or_description_that_changed_stands_in_no_write_s_way(
    older: Lake, verb: Verb
) -> None:
    newer = replace(with_units(comment="units net of returns"), description="Counted units.")
    verb(older, newer, rows(newer, ("b", MAY, 2)))
    verb(older, newer, rows(newer, ("b", MAY, 3)))
    stored = read_table(older, newer, filters=[("id", "=", "b")])
    assert 3 in stored["units"].to_pylist()


def test_rows_are_merged_and_deleted_under_another_comment(older: Lake) -> None:
    newer = with_units(comment="units net of returns")
    upsert_rows(older, newer, rows(newer, ("a", MAY, 2), ("b", JUNE, 3)))
    delete_rows(older, newer, rows(newer, ("b", JUNE, 3)))
    assert read_table(older, newer).to_pylist() == [{"id": "a", "month": MAY, "units": 2}]


@every_verb
@pytest.mark.parametrize(
    ("changed", "value"), [({"type": RATE}, 2.5), ({"nullable": True}, None)], ids=["type", "null"]
)
def test_what_the_stored_column_cannot_hold_is_refused_and_the_table_stays_as_it_was(
    older: Lake, verb: Verb, changed: Mapping[str, Any], value: float | None
) -> None:
    newer = with_units(comment="units net of returns", **changed)
    before = log.version(older, OLDER)
    with pytest.raises(LakeError, match=r"without nulls: units\); rebuild all its months"):
        verb(older, newer, rows(newer, ("b", MAY, value)))
    assert log.version(older, OLDER) == before


def test_a_column_that_is_declared_without_nulls_now_is_written_as_before(lake: Lake) -> None:
    older = with_units(nullable=True)
    append_rows(lake, older, rows(older, ("a", MAY, None)))
    append_rows(lake, OLDER, rows(OLDER, ("b", MAY, 2)))
    assert len(read_table(lake, OLDER)) == 2


def test_whole_months_take_a_column_of_another_type(older: Lake) -> None:
    newer = with_units(type=RATE)
    made = parts(older, newer, rows(newer, ("b", MAY, 2.5)))
    replace_months(older, newer, BuiltMonths([MAY], is_whole=True), made)
    assert read_table(older, newer)["units"].to_pylist() == [2.5]
