"""Filter of bronze records by a time of reception, recorded or assumed."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from ingestion.json_records import read_records
from lakehouse.batches import rebatch
from lakehouse.delta import log
from lakehouse.delta.arrow import read_batches
from lakehouse.delta.parts import TableRows
from lakehouse.delta.rows import ROWS_PER_FILE
from lakehouse.errors import RefusedError
from lakehouse.lake import Lake
from lakehouse.profile.date_format import date_reader
from lakehouse.profile.profile import Profile
from lakehouse.profile.sales import Sales
from lakehouse.tables.bronze import FILE_SOURCE, SALES_EVENTS
from lakehouse.types import DATE, TIMESTAMP
from lakehouse.values import clean_text, each, timestamp

# The fields of a record that decide whether it counts as received under the assumption.
STATED = ("date", "updated_at")


@dataclass(frozen=True)
class KnownAtFilter:
    """Filter of the records that had been received by a time; runs in Spark workers.

    A record counts as received from the time of ingestion. For a time before the lake's first
    ingestion, a file's sales count as received ``sales.reception_days`` days after the sale's date.

    Attributes:
        at: the time, UTC.
        sales: the profile's section with ``date_format`` and ``reception_days``.
        is_assumed: whether ``at`` is before the lake's first ingestion.
    """

    at: datetime
    sales: Sales
    is_assumed: bool

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[TableRows]:
        """Keep the rows of bronze.sales_events that had been received."""
        for events in rebatch(batches, ROWS_PER_FILE):
            received = events.filter(self.accepts(events))
            if len(received):
                yield TableRows(SALES_EVENTS, received)

    def accepts(self, events: pa.Table) -> pa.Array:
        """Return whether each row of bronze.sales_events had been received."""
        is_ingested = pc.less_equal(events["ingested_at"], pa.scalar(self.at, TIMESTAMP))
        if not self.is_assumed:
            return is_ingested.combine_chunks()
        is_of_file = pc.match_substring_regex(events["source"], FILE_SOURCE)
        assumed = pc.and_(is_of_file.combine_chunks(), self.counts_as_received(events))
        return pc.or_(is_ingested.combine_chunks(), assumed)

    def counts_as_received(self, events: pa.Table) -> pa.Array:
        """Return whether each row of bronze.sales_events counts as received under the assumption.

        The date must not be after ``last_day``, and a stated ``updated_at`` not after ``at``. A
        record that states neither never counts as received.
        """
        fields, _ = read_records(events["value"].combine_chunks(), STATED)
        texts = {
            name: each(fields[name].combine_chunks(), clean_text, pa.string()) for name in STATED
        }
        dates = each(texts["date"], date_reader(self.sales.date_format), DATE)
        times = each(texts["updated_at"], timestamp, TIMESTAMP)
        is_over = pc.less_equal(dates, pa.scalar(self.last_day, DATE))
        is_past = pc.less_equal(times, pa.scalar(self.at, TIMESTAMP))
        both = pc.and_(pc.fill_null(is_over, True), pc.fill_null(is_past, True))
        return pc.and_(both, pc.or_(pc.is_valid(dates), pc.is_valid(times)))

    @property
    def last_day(self) -> date:
        """The last date whose sales count as received by ``at``."""
        return self.at.date() - timedelta(self.sales.reception_days or 0)


def known_at_filter(lake: Lake, profile: Profile, at: datetime) -> KnownAtFilter:
    """Build the filter of the rows of bronze.sales_events that a lake had received by a time.

    Raises:
        RefusedError: the lake has no sales records (run ingest_history); or the time is before the
            lake's first ingestion and the profile has no ``[sales] reception_days`` (add the
            setting or name a later time).
    """
    sales, began = profile.sales, first_ingestion(lake)
    if began is None:
        raise RefusedError(f"{lake.root}: no sales record was received; run ingest_history first.")
    if at < began and sales.reception_days is None:
        raise RefusedError(
            f"--known-at {at.isoformat()}: {lake.root} began at {began.isoformat()}, and profile "
            f"'{profile.name}' does not say when sales before that were received; "
            "name a later time, or give the profile [sales] reception_days (1: the day after the "
            "sale) and run ingest_history with the profile."
        )
    return KnownAtFilter(at, sales, is_assumed=at < began)


def first_ingestion(lake: Lake) -> datetime | None:
    """Return when a lake ingested the first sales record; None if the lake has none."""
    if not log.exists(lake, SALES_EVENTS):
        return None
    batches = read_batches(lake, SALES_EVENTS, ["ingested_at"], ())
    earliest = [pc.min(batch["ingested_at"]).as_py() for batch in batches if len(batch)]
    return min(earliest).astimezone(UTC) if earliest else None
