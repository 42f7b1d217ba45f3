"""The trial: what would become of a file's records, without a lake."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import reduce
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from lakehouse import chunks
from lakehouse.profile import Files, Profile
from lakehouse.sales.arrivals import Reception, events
from lakehouse.sales.books import Book
from lakehouse.sales.intake import gathered, keeps_month
from lakehouse.sales.records import NOT_A_SALE, PARSED, rejected
from lakehouse.sales.versions import newest_sales
from lakehouse.source_rows import read_rows
from lakehouse.sources import Source
from lakehouse.tables.bronze import SALES_EVENTS

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

SCHEMA = pa.schema([("source", pa.string()), ("end", pa.string()), ("records", pa.int64())])
DDL = "source STRING, end STRING, records BIGINT"
ENDS = ("live", "tombstones", "not_a_sale", "rejected")


def try_out(
    spark: "SparkSession", sources: Sequence[Source], profile: Profile, reception: Reception
) -> list[Book]:
    """Count what would become of the records of files that go into an empty lake.

    Args:
        spark: the session.
        sources: checked sales files.
        profile: their meaning.
        reception: when they count as received.

    Returns:
        A book per file, in their order. What a newer record of the files replaces is superseded.
    """
    received = {s.digest: read_rows(spark, s, profile.files).count() for s in sources}
    records = [recorded(spark, source, profile.files, reception) for source in sources]
    together = reduce(lambda one, other: one.unionAll(other), records)
    ends = gathered(
        together, profile, sum(received.values()), not keeps_month(profile.sales)
    ).mapInArrow(counted, DDL)
    counts: dict[str, Counter[str]] = {source: Counter() for source in received}
    for source, end, number in ends.groupBy("source", "end").sum("records").collect():
        counts[source][end] = number
    return [drawn_up(source, number, counts[source]) for source, number in received.items()]


def drawn_up(source: str, received: int, counts: Counter[str]) -> Book:
    """Make a book of counts by end and by broken check."""
    ends = {end: counts[end] for end in ENDS}
    reasons = {name: number for name, number in counts.items() if name not in ENDS}
    return Book(source, received, superseded=received - sum(ends.values()), reasons=reasons, **ends)


def recorded(
    spark: "SparkSession", source: Source, files: Files, reception: Reception
) -> "DataFrame":
    """Read a file as rows of bronze.sales_events."""

    def work(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            rows = pa.Table.from_batches([batch])
            yield from events(rows, source.digest, reception).to_batches()

    return read_rows(spark, source, files).mapInArrow(work, SALES_EVENTS.ddl)


def counted(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Count the records of some months by source and what would become of them."""
    records = chunks.unpack(batches, PARSED)
    sales, refused = newest_sales(records), rejected(records)
    counts: Counter[tuple[str, str]] = Counter()
    for end, rows in (
        ("live", sales.filter(~pc.field("is_cancelled"))),
        ("tombstones", sales.filter(pc.field("is_cancelled"))),
        ("not_a_sale", records.filter(pc.field("outcome") == NOT_A_SALE)),
        ("rejected", refused),
    ):
        counts.update((source, end) for source in rows["source"].to_pylist())
    for record in refused.select(["source", "reasons"]).to_pylist():
        counts.update((record["source"], reason) for reason in record["reasons"])
    yield pa.RecordBatch.from_pylist(
        [{"source": s, "end": end, "records": number} for (s, end), number in counts.items()],
        SCHEMA,
    )
