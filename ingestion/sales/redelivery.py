"""Redelivery: shop-days read from a retailer's files and ingested as replacements."""

import hashlib
import json
from collections.abc import Iterable
from itertools import chain
from typing import TYPE_CHECKING

import pyarrow as pa

from ingestion.arrivals import Reception
from ingestion.files.sources import Source
from ingestion.sales.intake import take_in_few
from ingestion.sales.records import REJECTED
from ingestion.sales.redelivery_lines import Line, ShopDay, lines_by_day
from ingestion.sales.versions import LIVE
from lakehouse.delta import log
from lakehouse.delta.arrow import append_rows, read_table
from lakehouse.errors import SourceError
from lakehouse.lake import Lake
from lakehouse.profile.profile import Profile
from lakehouse.tables.bronze import SALES_EVENTS
from lakehouse.tables.silver import DAILY_SALES

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def redeliver(
    spark: "SparkSession",
    lake: Lake,
    sources: Iterable[Source],
    days: Iterable[ShopDay],
    profile: Profile,
    reception: Reception,
) -> list[dict[str, object]]:
    """Replace the sales of shop-days with the lines of files; a second run changes nothing.

    Driver memory holds the lines of all replaced days.

    Args:
        spark: the Spark session.
        lake: the lake that has the tables.
        sources: checked sales files.
        days: the shop-days to replace.
        profile: the profile that describes the files.
        reception: when the files were received; ``received_at`` becomes the lines' version.

    Returns:
        Per day: ``day``, ``lines`` (lines in the files) and ``live`` (live sales afterwards).

    Raises:
        SourceError: the files have no line of a day, or a line that may be of a day breaks a
            check; then no day is replaced. Correct the file and run again.
    """
    files, asked = list(sources), list(days)
    found = [lines_by_day(spark, source, asked, profile, reception) for source in files]
    delivered = [list(chain.from_iterable(of_day)) for of_day in zip(*found, strict=True)]
    for day, lines in zip(asked, delivered, strict=True):
        if not lines:
            raise SourceError(
                f"{day}: no line in {', '.join(source.name for source in files)}. If nothing was "
                "sold that day, send a replacement without lines (docs/how_to/streaming.md)."
            )
    replaced: list[dict[str, object]] = []
    for day, lines in zip(asked, delivered, strict=True):
        put(lake, day, lines, profile, reception)
        replaced.append({"day": str(day), "lines": len(lines), "live": live_count(lake, day)})
    return replaced


def put(
    lake: Lake,
    day: ShopDay,
    lines: list[Line],
    profile: Profile,
    reception: Reception,
) -> None:
    """Append a replacement to bronze.sales_events and merge the lines into silver.daily_sales.

    Raises:
        SourceError: a line breaks a check; bronze.rejected_sales has the record.
    """
    record = {
        "op": "replace",
        "shop_id": day.shop_id,
        "date": day.date.isoformat(),
        "updated_at": reception.received_at.isoformat(),
        "lines": lines,
    }
    value = json.dumps(record, ensure_ascii=False).encode()
    source = hashlib.sha256(value).hexdigest()
    row = {
        "source": source,
        "partition": 0,
        "offset": 0,
        "value": value,
        "received_at": reception.received_at,
        "ingested_at": reception.ingested_at,
    }
    events = pa.Table.from_pylist([row], SALES_EVENTS.schema)
    if not log.has_transaction(lake, SALES_EVENTS, log.Named(source)):
        append_rows(lake, SALES_EVENTS, events, log.Named(source))
    parsed = take_in_few(lake, events, profile)
    reasons = [
        r
        for r, o in zip(parsed["reasons"], parsed["outcome"], strict=True)
        if o.as_py() == REJECTED
    ]
    if reasons:
        raise SourceError(
            f"{day}: not replaced, a line breaks {', '.join(reasons[0].as_py())}; the record is in "
            "bronze.rejected_sales. Mend the file and run again."
        )


def live_count(lake: Lake, day: ShopDay) -> int:
    """Count the live sales of a shop-day in silver.daily_sales."""
    where = [LIVE, ("month", "=", day.date.replace(day=1)), ("date", "=", day.date)]
    shops: list[str] = read_table(lake, DAILY_SALES, ["shop_id"], where)["shop_id"].to_pylist()
    return shops.count(day.shop_id)
