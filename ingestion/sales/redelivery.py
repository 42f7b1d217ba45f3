"""Redelivery: shop-days read from a retailer's files and ingested as replacements."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

import pyarrow as pa

from ingestion.arrivals import Reception
from ingestion.files.source import Source
from ingestion.sales.intake import merge_few_sales
from ingestion.sales.records import rejected
from ingestion.sales.redelivery_lines import Line, ShopDay, lines_by_day
from ingestion.sales.replacements import REPLACE
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


@dataclass(frozen=True)
class ReplacedDay:
    """A shop-day after its replacement.

    Attributes:
        day: the shop-day.
        lines: number of lines in the files.
        live: number of live sales of the day afterwards.
    """

    day: ShopDay
    lines: int
    live: int


@dataclass(frozen=True)
class Redelivery:
    """Replaces the sales of shop-days with the lines of files.

    Attributes:
        lake: the lake that has the tables.
        profile: the profile that describes the files.
        reception: when the files were received; ``received_at`` becomes the lines' version.
    """

    lake: Lake
    profile: Profile
    reception: Reception

    def replace(
        self, spark: "SparkSession", sources: Iterable[Source], days: Sequence[ShopDay]
    ) -> list[ReplacedDay]:
        """Replace shop-days; a second run changes nothing.

        Driver memory holds the lines of all replaced days.

        Args:
            spark: the Spark session.
            sources: checked sales files.
            days: the shop-days to replace.

        Raises:
            SourceError: the files have no line of a day, or a line that may be of a day breaks a
                check; then no day is replaced. Correct the file and run again.
        """
        files = list(sources)
        of_files = [lines_by_day(spark, file, days, self.profile, self.reception) for file in files]
        by_day = [list(chain.from_iterable(of_day)) for of_day in zip(*of_files, strict=True)]
        require_lines(days, by_day, files)
        return [self._replace(day, lines) for day, lines in zip(days, by_day, strict=True)]

    def _replace(self, day: ShopDay, lines: Sequence[Line]) -> ReplacedDay:
        """Append a replacement to bronze.sales_events and merge the lines into daily_sales.

        Raises:
            SourceError: a line breaks a check; bronze.rejected_sales has the record.
        """
        events = self._event(day, lines)
        transaction = log.Named(events["source"][0].as_py())
        if not log.has_transaction(self.lake, SALES_EVENTS, transaction):
            append_rows(self.lake, SALES_EVENTS, events, transaction)
        broken = rejected(merge_few_sales(self.lake, events, self.profile))
        if len(broken):
            raise SourceError(
                f"{day}: not replaced, a line breaks {', '.join(broken['reasons'][0].as_py())}; "
                "the record is in bronze.rejected_sales. Correct the file and run again."
            )
        return ReplacedDay(day, len(lines), count_live(self.lake, day))

    def _event(self, day: ShopDay, lines: Sequence[Line]) -> pa.Table:
        """Write a replacement as a row of bronze.sales_events, whose source is its own digest."""
        record = {
            "op": REPLACE,
            "shop_id": day.shop_id,
            "date": day.date.isoformat(),
            "updated_at": self.reception.received_at.isoformat(),
            "lines": lines,
        }
        value = json.dumps(record, ensure_ascii=False).encode()
        row = {
            "source": hashlib.sha256(value).hexdigest(),
            "partition": 0,
            "offset": 0,
            "value": value,
            "received_at": self.reception.received_at,
            "ingested_at": self.reception.ingested_at,
        }
        return pa.Table.from_pylist([row], SALES_EVENTS.schema)


def require_lines(
    days: Sequence[ShopDay], lines: Sequence[Sequence[Line]], files: Sequence[Source]
) -> None:
    """Check that the files have a line of every shop-day.

    Raises:
        SourceError: a day has no line; send a replacement without lines instead.
    """
    for day, of_day in zip(days, lines, strict=True):
        if not of_day:
            raise SourceError(
                f"{day}: no line in {', '.join(file.name for file in files)}. If nothing was "
                "sold that day, send a replacement without lines (docs/how_to/streaming.md)."
            )


def count_live(lake: Lake, day: ShopDay) -> int:
    """Count the live sales of a shop-day in silver.daily_sales."""
    filters = [LIVE, ("month", "=", day.date.replace(day=1)), ("date", "=", day.date)]
    shops: list[str] = read_table(lake, DAILY_SALES, ["shop_id"], filters)["shop_id"].to_pylist()
    return shops.count(day.shop_id)
