"""Versions of a sale: the newest wins, whatever the order of arrival."""

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


# The one definition of a live sale, for a reader of files and for Spark.
LIVE = ("is_cancelled", "=", False)


def live(sales: "DataFrame") -> "DataFrame":
    """Keep the live sales: those that were not cancelled.

    Args:
        sales: rows of silver.daily_sales.
    """
    return sales.where("NOT is_cancelled")
