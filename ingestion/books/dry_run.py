"""Dry run of an ingest: the books and control figures of files, without a lake."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial, reduce
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from ingestion.arrivals import Reception, events
from ingestion.books.books import Book
from ingestion.files.rows import PieceReader, piece_places
from ingestion.files.sources import Source, read_whole
from ingestion.sales.admission import FIRST_TEXTS, Returns
from ingestion.sales.intake import keeps_month
from ingestion.sales.records import NOT_A_SALE, rejected
from ingestion.sales.shuffle import each_place, gathered
from ingestion.sales.unlisted import LISTS, Listed
from ingestion.sales.versions import newest_sales
from lakehouse.profile.profile import Profile
from lakehouse.tables.bronze import SALES_EVENTS

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

SCHEMA = pa.schema(
    [("source", pa.string()), ("end", pa.string()), ("id", pa.string()), ("records", pa.int64())]
)
DDL = "source STRING, end STRING, id STRING, records BIGINT"
ENDS = ("live", "tombstones", "not_a_sale", "rejected")
TAKEN_BACK, NOT_TAKEN_BACK = "return taken", "return rejected"
# Unlisted ids to report per place: a file with only unlisted ids must not fill the driver.
MOST_IDS = 1000
Tally = Counter[tuple[str | None, str, str | None]]


@dataclass(frozen=True)
class Trial:
    """The result of a dry run: a book per file, and control figures of all files together."""

    books: list[Book]
    unlisted: dict[str, Counter[str]]
    returns: Returns


def try_out(
    spark: "SparkSession",
    sources: Sequence[Source],
    profile: Profile,
    reception: Reception,
    listed: Listed,
) -> Trial:
    """Compute the books that files would have after an ingest into an empty lake.

    Args:
        spark: the Spark session.
        sources: checked sales files.
        profile: the profile that describes the files.
        reception: when the files count as received.
        listed: the ids of the shop and item lists.

    Returns:
        Books in the order of the files; records that a newer record of the files replaces count
        as superseded.
    """
    received = {source.digest: source.rows for source in sources}
    records = [recorded(spark, source, reception) for source in sources]
    together = reduce(lambda one, other: one.unionAll(other), records)
    ends = gathered(
        together, profile, sum(received.values()), not keeps_month(profile.sales)
    ).mapInArrow(partial(counted, listed=listed), DDL)
    found = ends.groupBy("source", "end", "id").sum("records").collect()
    counts: dict[str, Counter[str]] = {source: Counter() for source in received}
    unlisted: dict[str, Counter[str]] = {name: Counter() for name in LISTS}
    returns = Returns()
    for source, end, text, number in found:
        if end in LISTS:
            unlisted[end][text] += number
        elif end == TAKEN_BACK:
            returns.taken += number
        elif end == NOT_TAKEN_BACK:
            returns.rejected += number
            returns.first = [*returns.first, text][:FIRST_TEXTS]
        else:
            counts[source][end] = number
    books = [drawn_up(source, number, counts[source]) for source, number in received.items()]
    return Trial(books, unlisted, returns)


def drawn_up(source: str, received: int, counts: Counter[str]) -> Book:
    """Build a source's book from counts by end and by broken check."""
    ends = {end: counts[end] for end in ENDS}
    reasons = {name: number for name, number in counts.items() if name not in ENDS}
    return Book(source, received, superseded=received - sum(ends.values()), reasons=reasons, **ends)


def recorded(spark: "SparkSession", source: Source, reception: Reception) -> "DataFrame":
    """Read a file as rows of bronze.sales_events, which are not written."""
    reader = PieceReader(read_whole(source))

    def work(places: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in reader(places):
            rows = pa.Table.from_batches([batch])
            yield from events(rows, source.digest, reception).to_batches()

    return piece_places(spark, reader.source).mapInArrow(work, SALES_EVENTS.ddl)


def counted(batches: Iterable[pa.RecordBatch], listed: Listed) -> Iterator[pa.RecordBatch]:
    """Count the records of a Spark partition by source, end and id, as rows of ``SCHEMA``."""
    for records in each_place(batches):
        rows = [
            {"source": source, "end": end, "id": text, "records": number}
            for (source, end, text), number in count_ends(records, listed).items()
        ]
        yield pa.RecordBatch.from_pylist(rows, SCHEMA)


def count_ends(records: pa.Table, listed: Listed) -> Tally:
    """Count the records of a place by source and end, and control figures by id."""
    sales, refused = newest_sales(records), rejected(records)
    live = sales.filter(~pc.field("is_cancelled"))
    counts: Tally = Counter()
    for end, rows in (
        ("live", live),
        ("tombstones", sales.filter(pc.field("is_cancelled"))),
        ("not_a_sale", records.filter(pc.field("outcome") == NOT_A_SALE)),
        ("rejected", refused),
    ):
        counts.update((source, end, None) for source in rows["source"].to_pylist())
    for record in refused.select(["source", "reasons"]).to_pylist():
        counts.update((record["source"], reason, None) for reason in record["reasons"])
    return counts + control_counts(live, refused, listed)


def control_counts(live: pa.Table, refused: pa.Table, listed: Listed) -> Tally:
    """Count sales of unlisted shops and items by id, and returns ingested and rejected."""
    returns = Returns()
    returns.add_sales(live)
    returns.add_rejected(refused["value"].combine_chunks())
    counts: Tally = Counter({(None, TAKEN_BACK, None): returns.taken})
    counts[None, NOT_TAKEN_BACK, ", ".join(returns.first)] = returns.rejected
    for name, ids in listed.count_unlisted(live).items():
        counts.update({(None, name, text): number for text, number in ids.most_common(MOST_IDS)})
    return +counts
