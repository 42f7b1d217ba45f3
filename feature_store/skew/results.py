"""Results of skew checks in gold.feature_skew, and the refusal to work with unresolved skew."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import reduce

import pyarrow as pa
import pyarrow.compute as pc

from feature_store.skew.comparison import Counts
from feature_store.skew.plan import SkewCheckPlan
from feature_store.skew.sample import ALL
from feature_store.skew.task import ColumnRef
from features.tables import features_table, monthly_table
from lakehouse.delta import log
from lakehouse.delta.arrow import append_rows, read_batches
from lakehouse.delta.upserts import upsert_rows
from lakehouse.errors import RefusedError
from lakehouse.lake import Lake
from lakehouse.tables.gold import FEATURE_SKEW

# (table path, draw) → time of a check.
Latest = dict[tuple[str, str], datetime]
# Counts of gold.feature_skew; a row has skew if any of these is above 0.
DIFFERING = ("missing", "extra", "mismatched")
COMPLETE = (("months", ">", 0), ("stale_months", "=", 0))
NOT_REBUILT = (("rebuilt_at", "is null", True),)


@dataclass(frozen=True)
class SkewRow:
    """A row of gold.feature_skew; the table's declaration describes the columns."""

    checked_at: datetime
    draw: str
    group: str
    table: str
    column: str
    months: int
    stale_months: int
    compared: int
    missing: int
    extra: int
    mismatched: int
    example: str | None
    inputs: str
    rebuilt_at: datetime | None = None

    @property
    def differences(self) -> int:
        """The number of missing, extra and mismatched rows."""
        return self.missing + self.extra + self.mismatched


def table_of(rows: Iterable[SkewRow]) -> pa.Table:
    """Return rows as a table with the columns of gold.feature_skew."""
    return pa.Table.from_pylist([vars(row) for row in rows], FEATURE_SKEW.schema)


def require_no_skew(lake: Lake) -> None:
    """Check that gold.feature_skew has no unresolved skew of stored cells or features.

    Raises:
        RefusedError: a check found skew, and since then there was neither a full rebuild nor a
            complete check of the same keys, or of all keys; run jobs.build_features --rebuild,
            then jobs.build_panel.
    """
    unresolved = read_unresolved(lake)
    if unresolved:
        newest, tables = unresolved[0], {row.table for row in unresolved}
        raise RefusedError(
            f"{FEATURE_SKEW.path}: the check of {newest.checked_at:%Y-%m-%d %H:%M} found "
            f"{len(unresolved)} columns of {', '.join(sorted(tables))} that differ from a rebuild "
            f"({newest.column}: {newest.example}); run jobs.build_features --rebuild, then "
            "jobs.build_panel."
        )


def read_unresolved(lake: Lake) -> list[SkewRow]:
    """Read the rows of gold.feature_skew with unresolved skew, newest check first.

    Every check adds rows, so the table is read batch by batch. Memory holds only one time per
    table and draw, and the rows returned.
    """
    if not log.exists(lake, FEATURE_SKEW):
        return []
    latest = latest_complete_checks(lake)
    unresolved: list[SkewRow] = []
    for batch in read_batches(lake, FEATURE_SKEW, FEATURE_SKEW.names, NOT_REBUILT):
        skewed = batch.filter(reduce(pc.or_, (pc.not_equal(batch[n], 0) for n in DIFFERING)))
        rows = (SkewRow(**row) for row in skewed.to_pylist())
        unresolved += [row for row in rows if not is_resolved(row, latest)]
    return sorted(unresolved, key=lambda row: row.checked_at, reverse=True)


def latest_complete_checks(lake: Lake) -> Latest:
    """Return the time of the latest complete check of each table and draw.

    A complete check compared months and skipped none as stale.
    """
    latest: Latest = {}
    for batch in read_batches(lake, FEATURE_SKEW, ("table", "draw", "checked_at"), COMPLETE):
        newest = pa.table(batch).group_by(["table", "draw"]).aggregate([("checked_at", "max")])
        for row in newest.to_pylist():
            key = row["table"], row["draw"]
            latest[key] = max(row["checked_at_max"], latest.get(key, row["checked_at_max"]))
    return latest


def is_resolved(row: SkewRow, latest: Latest) -> bool:
    """Return whether a later complete check of the same keys, or of all keys, replaces a row.

    Args:
        row: a row of gold.feature_skew.
        latest: times of the latest complete checks.
    """
    later = (latest.get((row.table, draw)) for draw in (row.draw, ALL))
    return any(at is not None and at > row.checked_at for at in later)


def note_rebuild(lake: Lake, now: datetime) -> None:
    """Mark unresolved rows of gold.feature_skew as resolved by a full rebuild.

    Args:
        lake: the lake that has the table.
        now: time of the rebuild, stored in ``rebuilt_at``.
    """
    resolved = [replace(row, rebuilt_at=now) for row in read_unresolved(lake)]
    if resolved:
        upsert_rows(lake, FEATURE_SKEW, table_of(resolved))


def record(
    lake: Lake,
    plan: SkewCheckPlan,
    draw: str,
    counts: Mapping[ColumnRef, Counts],
    now: datetime,
) -> list[SkewRow]:
    """Append the results of a check to gold.feature_skew, in one commit.

    Args:
        lake: the lake that has the table.
        plan: the plan of the check.
        draw: description of the sample of keys.
        counts: differences of each column.
        now: when the check began.

    Returns:
        The rows written.
    """
    versions = json.dumps(plan.versions_read, sort_keys=True)
    rows = [
        SkewRow(
            checked_at=now,
            draw=draw,
            group=column.group,
            table=column.ref.table,
            column=column.ref.column,
            months=column.months,
            stale_months=column.stale_months,
            inputs=versions,
            **vars(counts.get(column.ref, Counts())),
        )
        for column in checked_columns(plan)
    ]
    append_rows(lake, FEATURE_SKEW, table_of(rows))
    return rows


@dataclass(frozen=True)
class CheckedColumn:
    """A column that a check compared.

    Attributes:
        group: name of the feature group.
        ref: the column.
        months: number of months that were compared.
        stale_months: number of months that were left out because a build must recompute them.
    """

    group: str
    ref: ColumnRef
    months: int
    stale_months: int


def checked_columns(plan: SkewCheckPlan) -> Iterator[CheckedColumn]:
    """Yield each column of every table that a check compares."""
    for of_group in plan.groups:
        group = of_group.group
        for table, months, stale in (
            (monthly_table(group), of_group.cells, of_group.stale_cells),
            (features_table(group), of_group.features, of_group.stale_features),
        ):
            for name in (name for name in table.names if name not in table.key):
                ref = ColumnRef(table.path, name)
                yield CheckedColumn(group.name, ref, len(months), len(stale))
