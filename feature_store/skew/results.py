"""Results of skew checks in gold.feature_skew, and the refusal to work with unresolved skew."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import reduce
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from feature_store.skew.comparison import Counts
from feature_store.skew.plan import Plan
from feature_store.skew.sample import ALL
from feature_store.skew.task import Place
from features.tables import features_table, monthly_table
from lakehouse.delta import log
from lakehouse.delta.arrow import append_rows, read_batches
from lakehouse.delta.upserts import upsert_rows
from lakehouse.errors import RefusedError
from lakehouse.lake import Lake
from lakehouse.tables.gold import FEATURE_SKEW

Row = dict[str, Any]
# (table path, draw) → time of a check.
Latest = dict[tuple[str, str], datetime]
# Counts of gold.feature_skew; a row has skew if any of these is above 0.
DIFFERING = ("missing", "extra", "mismatched")
COMPLETE = (("months", ">", 0), ("stale_months", "=", 0))
NOT_REBUILT = (("rebuilt_at", "is null", True),)


def require_no_skew(lake: Lake) -> None:
    """Check that gold.feature_skew has no unresolved skew of stored cells or features.

    Raises:
        RefusedError: a check found skew, and since then there was neither a full rebuild nor a
            complete check of the same keys, or of all keys; run jobs.build_features --rebuild,
            then jobs.build_panel.
    """
    found = standing(lake)
    if found:
        first, tables = found[0], {row["table"] for row in found}
        raise RefusedError(
            f"{FEATURE_SKEW.path}: the check of {first['checked_at']:%Y-%m-%d %H:%M} found "
            f"{len(found)} columns of {', '.join(sorted(tables))} that differ from a rebuild "
            f"({first['column']}: {first['example']}); run jobs.build_features --rebuild, then "
            "jobs.build_panel."
        )


def standing(lake: Lake) -> list[Row]:
    """Read the rows of gold.feature_skew with unresolved skew, newest check first.

    Every check adds rows, so the table is read batch by batch. Memory holds only one time per
    table and draw, and the rows returned.
    """
    if not log.exists(lake, FEATURE_SKEW):
        return []
    latest = latest_complete_checks(lake)
    stand: list[Row] = []
    for batch in read_batches(lake, FEATURE_SKEW, FEATURE_SKEW.names, NOT_REBUILT):
        skewed = batch.filter(reduce(pc.or_, (pc.not_equal(batch[n], 0) for n in DIFFERING)))
        stand += [row for row in skewed.to_pylist() if not is_settled(row, latest)]
    return sorted(stand, key=lambda row: row["checked_at"], reverse=True)


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


def is_settled(row: Row, latest: Latest) -> bool:
    """Return whether a later complete check of the same keys, or of all keys, replaces a row.

    Args:
        row: a row of gold.feature_skew.
        latest: times of the latest complete checks.
    """
    later = (latest.get((row["table"], draw)) for draw in (row["draw"], ALL))
    return any(at is not None and at > row["checked_at"] for at in later)


def is_skew(row: Mapping[str, Any]) -> bool:
    """Return whether a row of gold.feature_skew counts any difference."""
    return any(row[name] for name in DIFFERING)


def note_rebuild(lake: Lake, now: datetime) -> None:
    """Mark unresolved rows of gold.feature_skew as resolved by a full rebuild.

    Args:
        lake: the lake that has the table.
        now: time of the rebuild, stored in ``rebuilt_at``.
    """
    settled = [{**row, "rebuilt_at": now} for row in standing(lake)]
    if settled:
        upsert_rows(lake, FEATURE_SKEW, pa.Table.from_pylist(settled, FEATURE_SKEW.schema))


def record(
    lake: Lake, plan: Plan, draw: str, found: Mapping[Place, Counts], now: datetime
) -> list[Row]:
    """Append the results of a check to gold.feature_skew, in one commit.

    Args:
        lake: the lake that has the table.
        plan: the plan of the check.
        draw: description of the sample of keys.
        found: (table path, column) → counts.
        now: when the check began.

    Returns:
        The rows written.
    """
    common = {
        "checked_at": now,
        "draw": draw,
        "inputs": json.dumps(plan.inputs, sort_keys=True),
        "rebuilt_at": None,
    }
    rows = [{**common, **row} for row in described(plan, found)]
    append_rows(lake, FEATURE_SKEW, pa.Table.from_pylist(rows, FEATURE_SKEW.schema))
    return rows


def described(plan: Plan, found: Mapping[Place, Counts]) -> Iterator[Row]:
    """Yield one row of results for each column of every table, without the check's own fields."""
    for one in plan.groups:
        cells, features = (table(one.group) for table in (monthly_table, features_table))
        for table, months, stale in (
            (cells, one.cells, one.stale_cells),
            (features, one.features, one.stale_features),
        ):
            for column in (name for name in table.names if name not in table.key):
                yield {
                    "group": one.group.name,
                    "table": table.path,
                    "column": column,
                    "months": len(months),
                    "stale_months": len(stale),
                    **vars(found.get((table.path, column), Counts())),
                }
