"""Versions of a sale: the newest wins, whatever the order of arrival."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lakehouse.sales.records import NOT_A_SALE, SALE
from lakehouse.tables.bronze import RECORD_KEY
from lakehouse.tables.silver import DAILY_OFFERS, DAILY_SALES

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

# A later version is greater in these columns, compared from the left.
ORDER = ("updated_at", *RECORD_KEY)


def newest_sales(parsed: pa.Table) -> pa.Table:
    """Keep the newest version of each sale.

    Args:
        parsed: rows of ``records.PARSED``, all those of a sale_id.

    Returns:
        The columns of silver.daily_sales, unique on sale_id.
    """
    sales = parsed.filter(pc.field("outcome") == SALE).select(list(DAILY_SALES.names))
    return newest(sales, DAILY_SALES.key, ORDER)


def newest_offers(parsed: pa.Table) -> pa.Table:
    """Keep the last record of each day on offer.

    Args:
        parsed: rows of ``records.PARSED``, all those of a day, shop and item.

    Returns:
        The columns of silver.daily_offers, unique on its key.
    """
    offers = parsed.filter(pc.field("outcome") == NOT_A_SALE).select(list(DAILY_OFFERS.names))
    return newest(offers, DAILY_OFFERS.key, RECORD_KEY)


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


# The one definition of a live sale, for a reader of files and for Spark.
LIVE = ("is_cancelled", "=", False)


def live(sales: "DataFrame") -> "DataFrame":
    """Keep the live sales: those that were not cancelled.

    Args:
        sales: rows of silver.daily_sales.
    """
    return sales.where("NOT is_cancelled")
