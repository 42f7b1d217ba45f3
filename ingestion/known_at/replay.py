"""Replay: the bronze records received by a time, ingested into a separate lake."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import pyarrow.compute as pc
from pyarrow.fs import FileSelector

from ingestion.inputs.intake import InputIntake
from ingestion.known_at.catalogue import replay_catalogue
from ingestion.known_at.known_at_filter import KnownAtFilter, known_at_filter
from ingestion.known_at.months import write_months
from ingestion.sales.intake import may_state_sale_ids, merge_sales
from lakehouse.delta import log, rows
from lakehouse.delta.arrow import read_batches
from lakehouse.delta.parts import commit_parts, write_parts
from lakehouse.errors import RefusedError
from lakehouse.faults import reach
from lakehouse.lake import Lake
from lakehouse.profile.profile import Profile
from lakehouse.profile.stored import claim_lake, claimed_profile, disclaim_lake
from lakehouse.storage import filesystem
from lakehouse.tables.bronze import CATALOGUE_EVENTS, FILE_SOURCE, RECORD_KEY, SALES_EVENTS
from lakehouse.tables.silver import MONTHS

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyspark.sql import DataFrame, SparkSession

FOLDER = "known_at"
COPIED = log.Named("known at")


def known_lake(lake: Lake, at: datetime) -> Lake:
    """Return the replayed lake of a time, a subfolder of the lake's root."""
    return Lake(f"{lake.root}/{FOLDER}/{at:%Y%m%dT%H%M%S.%fZ}")


@dataclass(frozen=True)
class Replay:
    """Builds bronze and silver of a lake as known at a time.

    Attributes:
        spark: function that returns the Spark session.
        lake: the lake whose bronze is read.
        known: the replayed lake, which is written.
        profile: the profile that describes the records.
        received: the records that had been received by the time.
    """

    spark: "Callable[[], SparkSession]"
    lake: Lake
    known: Lake
    profile: Profile
    received: KnownAtFilter

    def run(self) -> None:
        """Replay catalogue, inputs, sales and months; silver.months is written last.

        Raises:
            RefusedError: no sales record had been received by the time; name a later time.
        """
        replay_catalogue(self.lake, self.known, self.received, self.profile)
        self.replay_inputs()
        self.replay_sales()
        write_months(self.lake, self.known, self.received)

    def replay_sales(self) -> None:
        """Copy the received sales records to the replayed lake's bronze; merge them into silver.

        Raises:
            RefusedError: no sales record had been received by the time; name a later time.
        """
        if not log.has_transaction(self.known, SALES_EVENTS, COPIED):
            stored = rows.read(self.spark(), self.lake, SALES_EVENTS)
            parts = write_parts(self.known, each_once(stored), self.received)
            if not parts:
                raise RefusedError(
                    f"--known-at {self.received.at.isoformat()}: no sale had been received by "
                    "then; name a later time."
                )
            commit_parts(self.known, SALES_EVENTS, parts, COPIED)
        events = rows.read(self.spark(), self.known, SALES_EVENTS)
        is_moving = may_state_sale_ids(events, self.profile)
        merge_sales(self.known, events, self.profile, is_moving=is_moving)

    def replay_inputs(self) -> None:
        """Merge the received records of declared inputs into the replayed lake's silver tables.

        For a time before the lake began, the first file of each input counts as received.
        """
        for name in self.profile.inputs:
            is_assumed = self.received.is_assumed
            until = first_arrival(self.lake, name) if is_assumed else self.received.at
            intake = InputIntake(self.spark, name, self.profile)
            intake.merge(self.lake, self.known, [("ingested_at", "<=", until)])


def replay(
    spark: "Callable[[], SparkSession]",
    lake: Lake,
    profile: Profile,
    at: datetime,
    *,
    is_redone: bool = False,
) -> Lake:
    """Build bronze and silver of a lake as known at a time.

    The records received by the time are ingested by today's program and profile, so that a record
    that was rejected then and is valid now counts. A second run changes nothing; after a change
    of the profile the replayed lake is rebuilt. A run after an interrupted one completes the
    replay.

    Args:
        spark: function that returns the Spark session.
        lake: the lake whose bronze is read.
        profile: the profile of the lake.
        at: the time, UTC.
        is_redone: whether to rebuild the replayed lake in any case.

    Raises:
        RefusedError: the records received by the time are not known, or there are none; name a
            later time.
    """
    known, received = known_lake(lake, at), known_at_filter(lake, profile, at)
    if is_redone or claimed_profile(known) != profile:
        forget_records(known)
    claim_lake(known, profile)
    if not log.exists(known, MONTHS):
        Replay(spark, lake, known, profile, received).run()
    return known


def first_arrival(lake: Lake, name: str) -> datetime:
    """Return when the first file of an input was ingested.

    Raises:
        RefusedError: no file of the input was ingested; run ingest_history.
    """
    batches = read_batches(lake, CATALOGUE_EVENTS, ["ingested_at"], [("entity", "=", name)])
    times: list[datetime] = [
        pc.min(batch["ingested_at"]).as_py() for batch in batches if len(batch)
    ]
    if not times:
        raise RefusedError(f"{lake.root}: the profile declares {name}; run ingest_history first.")
    return min(times)


def each_once(events: "DataFrame") -> "DataFrame":
    """Keep the first of records with equal keys; Kafka may deliver a record twice.

    Args:
        events: rows of bronze.sales_events.
    """
    from pyspark.sql import functions as F

    others = [name for name in SALES_EVENTS.names if name not in RECORD_KEY]
    is_of_file = F.col("source").rlike(FILE_SOURCE)
    first = F.min_by(F.struct(*others), "ingested_at").alias("first")
    streamed = events.where(~is_of_file).groupBy(*RECORD_KEY).agg(first)
    return events.where(is_of_file).unionByName(streamed.select(*RECORD_KEY, "first.*"))


def forget_records(known: Lake) -> None:
    """Delete bronze and silver of a replayed lake; models, scores and forecasts stay.

    The lake's profile marker is deleted first, so that after an interruption the next replay
    starts with this function again.
    """
    disclaim_lake(known)
    for layer in ("bronze", "silver"):
        reach(f"before {layer} removal")
        filesystem(known.root).delete_dir_contents(layer, missing_dir_ok=True)
    log.forget()


def known_lakes(lake: Lake) -> list[Lake]:
    """List the replayed lakes of a lake."""
    folders = filesystem(lake.root).get_file_info(FileSelector(FOLDER, allow_not_found=True))
    return [Lake(f"{lake.root}/{FOLDER}/{info.base_name}") for info in folders]


def discard_known_lakes(lake: Lake) -> None:
    """Delete every replayed lake of a lake, with copies of records that an erasure deletes."""
    for known in known_lakes(lake):
        disclaim_lake(known)
    reach(f"before {FOLDER} removal")
    filesystem(lake.root).delete_dir_contents(FOLDER, missing_dir_ok=True)
    log.forget()
