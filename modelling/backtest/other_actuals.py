"""Actuals from other files: units of each pair in a month, read without writing to the lake."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import reduce
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from features.feature_set import TARGET
from features.group import ITEM, SHOP
from features.own_ids import resolve_aliases
from ingestion.arrivals import Reception
from ingestion.files.source import Source
from ingestion.reconciliation.dry_run import read_events
from ingestion.sales.intake import keeps_month
from ingestion.sales.records import PARSED
from ingestion.sales.shuffle import shuffle_by_sale
from ingestion.sales.versions import newest_sales
from lakehouse import chunks
from lakehouse.delta.arrow import read_table
from lakehouse.errors import RefusedError
from lakehouse.lake import Lake
from lakehouse.profile.profile import Clip, Profile
from lakehouse.tables.silver import SHOPS
from lakehouse.types import UNITS, sql_name

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

SOLD = f"{SHOP} STRING, {ITEM} STRING, units {sql_name(UNITS)}"


@dataclass(frozen=True)
class OtherSales:
    """Sales files outside the lake, complete for a month, to score forecasts against.

    Attributes:
        lake: the lake whose shops resolve aliases.
        profile: the lake's profile, which describes the files.
        sources: checked sales files.
        now: time at which the files count as received; sales dated later are rejected.
    """

    lake: Lake
    profile: Profile
    sources: tuple[Source, ...]
    now: datetime

    def actual_units(self, spark: "SparkSession", month: date) -> "DataFrame":
        """Compute the actual units of a month from the files, by the rules of ingest_history.

        Returns:
            ``[shop_id, item_id, target]``, unique on the pair: units, clipped as the profile
            declares. A pair without a row sold nothing.

        Raises:
            RefusedError: the files have no sale of the month; name files of that month.
        """
        shops = read_table(self.lake, SHOPS, [SHOP, "alias_of"])

        def work(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            sales = newest_sales(pa.concat_tables(of_month(batches, month)))
            live = sales.filter(~pc.field("is_cancelled") & (pc.field("month") == month))
            yield from resolve_aliases(live, shops).select([SHOP, ITEM, "units"]).to_batches()

        sold = self.versions(spark).mapInArrow(work, SOLD).groupBy(SHOP, ITEM).sum("units")
        if sold.count() == 0:
            raise RefusedError(
                f"--score-against: the files have no sale of {month:%Y-%m}, the last month that is "
                "scored; name files of that month."
            )
        target = clipped("`sum(units)`", self.profile.target_clip)
        return sold.selectExpr(SHOP, ITEM, f"{target} AS {TARGET}")

    def versions(self, spark: "SparkSession") -> "DataFrame":
        """Parse the files' records, all versions of a sale in one place."""
        reception = Reception(self.now, self.now)
        records = reduce(
            lambda union, records: union.unionAll(records),
            [read_events(spark, source, reception) for source in self.sources],
        )
        is_moving = not keeps_month(self.profile.sales)
        return shuffle_by_sale(records, self.profile, records.count(), is_moving)


def of_month(batches: Iterable[pa.RecordBatch], month: date) -> Iterator[pa.Table]:
    """Keep a month's records, chunk by chunk, so that memory holds no other month.

    Records without a month stay: a cancel may name only the sale. No version of a sale is lost:
    either all versions have the same month, or the records have only the newest version.
    """
    yield PARSED.empty_table()
    for batch in batches:
        for at in range(len(batch)):
            records = chunks.unpack([batch.slice(at, 1)], PARSED)
            yield records.filter((pc.field("month") == month) | pc.field("month").is_null())


def clipped(units: str, clip: Clip | None) -> str:
    """Write the SQL that turns units into the target: clipped to the bounds, FLOAT."""
    bounded = f"greatest({clip.low}, least({clip.high}, {units}))" if clip else units
    return f"CAST({bounded} AS FLOAT)"


def with_actuals(scored: "DataFrame", actual: "DataFrame") -> "DataFrame":
    """Replace the targets of scored rows by other actuals; a pair without actuals gets target 0.

    Args:
        scored: rows as ``scoring.forecasts`` returns them, of one month.
        actual: ``[shop_id, item_id, target]``, as ``OtherSales.actual_units`` returns.
    """
    joined = scored.drop(TARGET).join(actual, on=[SHOP, ITEM], how="left")
    return joined.na.fill(0, [TARGET])
