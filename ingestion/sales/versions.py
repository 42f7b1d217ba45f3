"""Versions of a sale: the newest version wins, in whatever order versions arrive."""

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from ingestion.newest import ORDER, newest
from ingestion.sales.records import NOT_A_SALE, SALE
from lakehouse.tables.bronze import RECORD_KEY
from lakehouse.tables.silver import DAILY_OFFERS, DAILY_SALES

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def newest_sales(parsed: pa.Table) -> pa.Table:
    """Select the newest version of each sale as rows of silver.daily_sales.

    Args:
        parsed: rows of ``records.PARSED``, with every row of a sale_id.

    Returns:
        The columns of silver.daily_sales, unique on sale_id.
    """
    sales = parsed.filter(pc.field("outcome") == SALE).select(list(DAILY_SALES.names))
    return newest(sales, DAILY_SALES.key, ORDER)


def newest_offers(parsed: pa.Table) -> pa.Table:
    """Select the last offer of each date, shop and item as rows of silver.daily_offers.

    Args:
        parsed: rows of ``records.PARSED``, with every row of a date, shop and item.

    Returns:
        The columns of silver.daily_offers, unique on the table's key.
    """
    offers = parsed.filter(pc.field("outcome") == NOT_A_SALE).select(list(DAILY_OFFERS.names))
    return newest(offers, DAILY_OFFERS.key, RECORD_KEY)


# A live sale, as a filter of the Arrow reader; ``live`` is the same condition for Spark.
LIVE = ("is_cancelled", "=", False)


def live(sales: "DataFrame") -> "DataFrame":
    """Keep the live sales: sales that are not cancelled.

    Args:
        sales: rows of silver.daily_sales.
    """
    return sales.where("NOT is_cancelled")
