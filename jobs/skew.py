"""Skew: what checks found of stored tables that differ from a rebuild, and what it forbids."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import pyarrow as pa

from features.tables import features_table, monthly_table
from jobs.comparison import Counts
from jobs.draw import ALL
from jobs.skew_plan import Plan
from jobs.skew_task import Place
from lakehouse.delta import log
from lakehouse.delta.arrow import append_rows, read_table, upsert_rows
from lakehouse.errors import RefusedError
from lakehouse.lake import Lake
from lakehouse.tables.gold import FEATURE_SKEW

Row = dict[str, Any]


def require_no_skew(lake: Lake) -> None:
    """Check that no stored feature or cell is known to be wrong.

    Raises:
        RefusedError: a check found skew, and since then neither was everything rebuilt nor did a
            complete check of the same keys, or of all, find none.
    """
    found = standing(checked_rows(lake))
    if found:
        first, tables = found[0], {row["table"] for row in found}
        raise RefusedError(
            f"{FEATURE_SKEW.path}: the check of {first['checked_at']:%Y-%m-%d %H:%M} found "
            f"{len(found)} columns of {', '.join(sorted(tables))} that differ from a rebuild "
            f"({first['column']}: {first['example']}); run jobs.build_features --rebuild, then "
            "jobs.build_panel."
        )


def checked_rows(lake: Lake) -> list[Row]:
    """Read what checks found, the newest check first."""
    if not log.exists(lake, FEATURE_SKEW):
        return []
    rows = read_table(lake, FEATURE_SKEW).sort_by([("checked_at", "descending")])
    found: list[Row] = rows.to_pylist()
    return found


def standing(rows: list[Row]) -> list[Row]:
    """Keep the rows with skew that nothing later settled.

    Args:
        rows: of gold.feature_skew.
    """
    complete = [row for row in rows if row["months"] and not row["stale_months"]]
    latest: dict[tuple[str, str], datetime] = {}
    for row in sorted(complete, key=lambda row: row["checked_at"]):
        latest[row["table"], row["draw"]] = row["checked_at"]

    def is_settled(row: Row) -> bool:
        later = (latest.get((row["table"], draw)) for draw in (row["draw"], ALL))
        is_rebuilt = row["rebuilt_at"] is not None
        return is_rebuilt or any(at is not None and at > row["checked_at"] for at in later)

    return [row for row in rows if is_skew(row) and not is_settled(row)]


def is_skew(row: Mapping[str, Any]) -> bool:
    """Say whether a row of gold.feature_skew says that something differs."""
    return bool(row["missing"] or row["extra"] or row["mismatched"])


def note_rebuild(lake: Lake, now: datetime) -> None:
    """Settle the skew that was found before everything was rebuilt."""
    settled = [{**row, "rebuilt_at": now} for row in standing(checked_rows(lake))]
    if settled:
        upsert_rows(lake, FEATURE_SKEW, pa.Table.from_pylist(settled, FEATURE_SKEW.schema))


def record(
    lake: Lake, plan: Plan, draw: str, found: Mapping[Place, Counts], now: datetime
) -> list[Row]:
    """Write what a check found, in one commit.

    Args:
        lake: where the table is.
        plan: what was compared.
        draw: of which keys.
        found: by table and column.
        now: when the check began.

    Returns:
        The rows of gold.feature_skew.
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
    """Describe what was found of each column of every table."""
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
