"""Ingest query: Kafka's records → bronze, the newest version of every sale and item → silver."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from threading import Event
from typing import TYPE_CHECKING

from ingestion.catalogue.messages import MALFORMED, merge_messages
from ingestion.sales.intake import may_state_sale_ids, merge_few_sales, merge_sales
from ingestion.sales.span import extend_months
from lakehouse.delta import log
from lakehouse.delta.parts import (
    DataFile,
    commit_parts,
    load_parts,
    of_table,
    read_parts,
    write_parts,
)
from lakehouse.delta.upkeep import compact
from lakehouse.lake import Lake
from lakehouse.profile.profile import Profile
from lakehouse.table import Table
from lakehouse.tables.bronze import CATALOGUE_EVENTS, REJECTED_SALES, SALES_EVENTS
from lakehouse.tables.silver import DAILY_OFFERS, DAILY_SALES, ITEMS, SHOPS
from streaming.queries.metrics import IngestMetrics
from streaming.queries.received import COLUMNS, Received
from streaming.queries.suspects import SuspectCounter

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

# Up to this size this process parses a micro-batch: Spark needs longer to plan the work.
FEW_ROWS = 50_000
FEW_BYTES = 64 << 20
# Every micro-batch adds files to its months, and a refresh reads all files of a month: join files
# after so many micro-batches, in months with more files than this.
UPKEEP_EVERY, MOST_FILES = 20, 20
WRITTEN = (SALES_EVENTS, CATALOGUE_EVENTS, REJECTED_SALES, DAILY_SALES, DAILY_OFFERS, SHOPS, ITEMS)


class StoppedError(Exception):
    """A signal asked the query to stop; the next run processes the micro-batch."""


@dataclass(frozen=True)
class Ingest:
    """Ingests a micro-batch into bronze and silver; idempotent.

    Attributes:
        lake: the lake that has the tables.
        profile: the meaning of the records.
        sources: topic → value of the column ``source`` for the topic's records.
        sales: topic of the sales.
        checkpoint: id of the query's checkpoint, part of the names of Delta transactions.
        metrics: the metrics to update after each micro-batch.
        stopping: once set, no further micro-batch begins.
    """

    lake: Lake
    profile: Profile
    sources: Mapping[str, str]
    sales: str
    checkpoint: str
    metrics: IngestMetrics
    stopping: Event

    @cached_property
    def suspects(self) -> SuspectCounter:
        """The counter of suspect records."""
        return SuspectCounter(self.lake, self.metrics)

    def __call__(self, batch: "DataFrame", number: int) -> None:
        """Ingest a micro-batch.

        Args:
            batch: rows of Spark's Kafka source.
            number: Spark's number of the micro-batch; a repeated micro-batch has the same number
                and the same records.

        Raises:
            StoppedError: the query was asked to stop.
        """
        if self.stopping.is_set():
            raise StoppedError
        started, now = time.monotonic(), datetime.now(UTC)
        received = Received(self.sources, self.sales, now)
        parts = write_parts(self.lake, batch.select(*COLUMNS), received)
        sales, messages = (of_table(parts, table) for table in (SALES_EVENTS, CATALOGUE_EVENTS))
        self._append(SALES_EVENTS, sales, number)
        self._append(CATALOGUE_EVENTS, messages, number)
        if messages:
            self._merge_messages(messages)
        if sales:
            self._merge_sales(batch.sparkSession, sales)
        if number % UPKEEP_EVERY == 0:
            compact(self.lake, DAILY_SALES, MOST_FILES)
        rejected = log.row_count(self.lake, REJECTED_SALES)
        self.metrics.record(sum(p.rows for p in parts), time.monotonic() - started, rejected)

    def _append(self, table: Table, parts: list[DataFile], number: int) -> None:
        transaction = log.Named(f"ingest {self.checkpoint}", number)
        if parts and not log.has_transaction(self.lake, table, transaction):
            commit_parts(self.lake, table, parts, transaction)

    def _merge_messages(self, parts: list[DataFile]) -> None:
        before = log.row_count(self.lake, REJECTED_SALES)
        events = load_parts(self.lake, CATALOGUE_EVENTS, parts)
        merge_messages(self.lake, events, self.profile)
        rejected = log.row_count(self.lake, REJECTED_SALES) - before
        self.metrics.count_rejected(rejected, {MALFORMED: rejected})

    def _merge_sales(self, spark: "SparkSession", parts: list[DataFile]) -> None:
        rows, size = (sum(getattr(part, name) for part in parts) for name in ("rows", "size"))
        if rows <= FEW_ROWS and size <= FEW_BYTES:
            events = load_parts(self.lake, SALES_EVENTS, parts)
            self.suspects.count_records(merge_few_sales(self.lake, events, self.profile))
        else:
            events_read = read_parts(spark, self.lake, SALES_EVENTS, parts)
            merge_sales(
                self.lake,
                events_read,
                self.profile,
                is_moving=may_state_sale_ids(events_read, self.profile),
                admit=self.suspects.count_parts,
            )
        extend_months(self.lake, datetime.now(UTC))
