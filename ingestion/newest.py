"""The newest version per key, in whatever order versions arrive."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from lakehouse.tables.bronze import RECORD_KEY

# A newer version has greater values in these columns, compared from left to right.
ORDER = ("updated_at", *RECORD_KEY)


def newest(rows: pa.Table, key: Sequence[str], order: Sequence[str]) -> pa.Table:
    """Keep the row of each key that is greatest in the order columns.

    Args:
        rows: any columns; no two rows are equal in ``order``.
        key: columns that the result is unique on.
        order: columns to compare, from left to right.
    """
    if rows.select(key).group_by(list(key)).aggregate([]).num_rows == len(rows):
        return rows
    ordered = rows.sort_by([(name, "ascending") for name in order])
    places = ordered.select(key).append_column("place", pa.array(np.arange(len(rows))))
    last = places.group_by(list(key)).aggregate([("place", "max")])["place_max"]
    return ordered.take(last)


def newer(row: str, other: str, order: Sequence[str] = ORDER) -> str:
    """Write the SQL condition that one row is a newer version than another row.

    Args:
        row: SQL alias of the row that must be newer.
        other: SQL alias of the row to compare with.
        order: columns to compare, from left to right.
    """
    name, *others = order
    value, other_value = f"{row}.`{name}`", f"{other}.`{name}`"
    if not others:
        return f"{value} > {other_value}"
    is_newer_later = newer(row, other, others)
    return f"({value} > {other_value} OR ({value} = {other_value} AND {is_newer_later}))"
