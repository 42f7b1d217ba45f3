"""Dry run of an ingest: the reconciliation and control figures of files, without a lake."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial, reduce
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from ingestion.arrivals import Reception, events
from ingestion.files.checked_folder import read_whole
from ingestion.files.rows import PieceReader, piece_places, source_rows
from ingestion.files.source import Source
from ingestion.reconciliation.reconciliation import FileReconciliation
from ingestion.sales.control_figures import FIRST_TEXTS, ControlFigures, Returns
from ingestion.sales.intake import keeps_month
from ingestion.sales.records import NOT_A_SALE, parse, rejected
from ingestion.sales.shuffle import each_place, shuffle_by_sale
from ingestion.sales.unlisted import LISTS, Listed
from ingestion.sales.versions import newest_sales
from lakehouse.profile.profile import Profile
from lakehouse.tables.bronze import SALES_EVENTS

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

SCHEMA = pa.schema(
    [("source", pa.string()), ("end", pa.string()), ("id", pa.string()), ("records", pa.int64())]
)
# Columns of parsed records that ``first_rows`` returns.
SHOWN = ("date", "shop_id", "item_id", "units", "price", "outcome", "reasons")
DDL = "source STRING, end STRING, id STRING, records BIGINT"
# The ends that a worker counts; every other record is superseded.
ENDS = ("live", "tombstones", "not_a_sale", "rejected")
# Values of ``end`` for records that are counted as returns as well.
RETURN_TAKEN, RETURN_REJECTED = "return taken", "return rejected"
# Unlisted ids to report per place: a file with only unlisted ids must not fill the driver.
MOST_IDS = 1000
# Source, end and id → number of records.
Counts = Counter[tuple[str | None, str, str | None]]


@dataclass(frozen=True)
class DryRun:
    """The result of a dry run: the reconciled files, and control figures of all files together."""

    files: list[FileReconciliation]
    figures: ControlFigures

    def refused_sources(self, most_rejected: float) -> list[str]:
        """List the digests of files with a larger share of rejected records than allowed."""
        return [f.source for f in self.files if f.rejected > most_rejected * f.received]


def dry_run(
    spark: "SparkSession",
    sources: Sequence[Source],
    profile: Profile,
    reception: Reception,
    listed: Listed,
) -> DryRun:
    """Reconcile files as after an ingest into an empty lake.

    Args:
        spark: the Spark session.
        sources: checked sales files.
        profile: the profile that describes the files.
        reception: when the files count as received.
        listed: the ids of the shop and item lists.

    Returns:
        Files in the order of ``sources``; records that a newer record of the files replaces count
        as superseded.
    """
    received = {source.digest: source.rows for source in sources}
    records = [read_events(spark, source, reception) for source in sources]
    together = reduce(lambda union, events_of_file: union.unionAll(events_of_file), records)
    is_moving = not keeps_month(profile.sales)
    shuffled = shuffle_by_sale(together, profile, sum(received.values()), is_moving)
    counts = shuffled.mapInArrow(partial(count_batches, listed=listed), DDL)
    totals: Counts = Counter()
    for source, end, text, number in counts.groupBy("source", "end", "id").sum("records").collect():
        totals[source, end, text] = number
    ends: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for (source, end, _), number in totals.items():
        if source is not None:
            ends[source][end] = number
    files = [reconcile(source, number, ends[source]) for source, number in received.items()]
    return DryRun(files, sum_control_figures(totals))


def reconcile(source: str, received: int, counts: Counter[str]) -> FileReconciliation:
    """Reconcile one file from counts by end and by broken check; other records are superseded."""
    ends = {end: counts[end] for end in ENDS}
    reasons = {name: number for name, number in counts.items() if name not in ENDS}
    superseded = received - sum(ends.values())
    return FileReconciliation(source, received, superseded=superseded, reasons=reasons, **ends)


def sum_control_figures(totals: Counts) -> ControlFigures:
    """Sum up the control figures that the workers counted."""
    figures = ControlFigures()
    for (_, end, text), number in totals.items():
        if end in LISTS:
            figures.unlisted[end][text or ""] += number
        elif end == RETURN_TAKEN:
            figures.returns.taken += number
        elif end == RETURN_REJECTED:
            figures.returns.rejected += number
            figures.returns.first = [*figures.returns.first, text or ""][:FIRST_TEXTS]
    return figures


def first_rows(
    source: Source, profile: Profile, reception: Reception, count: int
) -> list[dict[str, object]]:
    """Parse the first ``count`` rows of a sales file; return the columns ``SHOWN`` of each row."""
    read: list[pa.Table] = []
    for rows in source_rows(source):
        read.append(rows)
        if sum(len(table) for table in read) >= count:
            break
    if not read:
        return []
    first = pa.concat_tables(read).slice(0, count)
    records = parse(events(first, source.digest, reception), profile)
    shown: list[dict[str, object]] = records.select(list(SHOWN)).to_pylist()
    return shown


def read_events(spark: "SparkSession", source: Source, reception: Reception) -> "DataFrame":
    """Read a file as rows of bronze.sales_events, which are not written."""
    reader = PieceReader(read_whole(source))

    def work(places: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in reader(places):
            rows = pa.Table.from_batches([batch])
            yield from events(rows, source.digest, reception).to_batches()

    return piece_places(spark, reader.source).mapInArrow(work, SALES_EVENTS.ddl)


def count_batches(batches: Iterable[pa.RecordBatch], listed: Listed) -> Iterator[pa.RecordBatch]:
    """Count the records of a Spark partition by source, end and id, as rows of ``SCHEMA``."""
    for records in each_place(batches):
        rows = [
            {"source": source, "end": end, "id": text, "records": number}
            for (source, end, text), number in count_ends(records, listed).items()
        ]
        yield pa.RecordBatch.from_pylist(rows, SCHEMA)


def count_ends(records: pa.Table, listed: Listed) -> Counts:
    """Count the records of a place by source and end, and control figures by id."""
    sales, refused = newest_sales(records), rejected(records)
    live = sales.filter(~pc.field("is_cancelled"))
    counts: Counts = Counter()
    for end, rows in (
        ("live", live),
        ("tombstones", sales.filter(pc.field("is_cancelled"))),
        ("not_a_sale", records.filter(pc.field("outcome") == NOT_A_SALE)),
        ("rejected", refused),
    ):
        counts.update((source, end, None) for source in rows["source"].to_pylist())
    for record in refused.select(["source", "reasons"]).to_pylist():
        counts.update((record["source"], reason, None) for reason in record["reasons"])
    return counts + count_control_figures(live, refused, listed)


def count_control_figures(live: pa.Table, refused: pa.Table, listed: Listed) -> Counts:
    """Count sales of unlisted shops and items by id, and returns ingested and rejected."""
    returns = Returns()
    returns.add_sales(live)
    returns.add_rejected(refused["value"].combine_chunks())
    counts: Counts = Counter({(None, RETURN_TAKEN, None): returns.taken})
    counts[None, RETURN_REJECTED, ", ".join(returns.first)] = returns.rejected
    for name, ids in listed.count_unlisted(live).items():
        counts.update({(None, name, text): number for text, number in ids.most_common(MOST_IDS)})
    return +counts
