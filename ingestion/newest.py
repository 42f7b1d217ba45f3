"""The newest version of every key, whatever the order of arrival."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from lakehouse.tables.bronze import RECORD_KEY


# A later version is greater in these columns, compared from the left.
ORDER = ("updated_at", *RECORD_KEY)


def newest(rows: pa.Table, key: Sequence[str], order: Sequence[str]) -> pa.Table:
    """Keep the greatest row of each key.

    Args:
        rows: any columns; no two rows are equal in ``order``.
        key: columns that the result is unique on.
        order: columns that decide, compared from the left.
    """
    if rows.select(key).group_by(list(key)).aggregate([]).num_rows == len(rows):
        return rows
    ordered = rows.sort_by([(name, "ascending") for name in order])
    numbered = ordered.select(key).append_column("place", pa.array(np.arange(len(rows))))
    last = numbered.group_by(list(key)).aggregate([("place", "max")])["place_max"]
    return ordered.take(last)


def newer(one: str, other: str, order: Sequence[str] = ORDER) -> str:
    """Write the SQL condition that a row is a newer version than another.

    Args:
        one: alias of the row.
        other: alias of the row that it is compared with.
        order: the columns that decide.
    """
    name, *others = order
    mine, its = f"{one}.`{name}`", f"{other}.`{name}`"
    if not others:
        return f"{mine} > {its}"
    return f"({mine} > {its} OR ({mine} = {its} AND {newer(one, other, others)}))"
