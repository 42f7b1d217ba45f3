"""Replay: the bronze records received by a time, ingested into a separate lake."""

from datetime import datetime
from typing import TYPE_CHECKING

import pyarrow.compute as pc
from pyarrow.fs import FileSelector

from ingestion.inputs import intake as inputs
from ingestion.known_at.catalogue import replay_catalogue
from ingestion.known_at.months import write_months
from ingestion.known_at.received import Reception, reception
from ingestion.sales.intake import may_name_sales, take_in
from lakehouse.delta import log, rows
from lakehouse.delta.arrow import read_batches
from lakehouse.delta.parts import commit_parts, write_parts
from lakehouse.errors import RefusedError
from lakehouse.faults import reach
from lakehouse.lake import Lake
from lakehouse.profile.stored import claim_lake, claimed_profile, disclaim_lake, stored_profile
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


def replay(
    spark: "Callable[[], SparkSession]", lake: Lake, at: datetime, *, is_redone: bool = False
) -> Lake:
    """Build bronze and silver of a lake as known at a time.

    The records received by the time are ingested by today's program and profile, so that a record
    that was rejected then and is valid now counts. A second run changes nothing; after a change
    of the profile the replayed lake is rebuilt. A run after an interrupted one completes the
    replay: silver.months is written last.

    Args:
        spark: function that returns the Spark session.
        lake: the lake whose bronze is read.
        at: the time, UTC.
        is_redone: whether to rebuild the replayed lake in any case.

    Raises:
        RefusedError: the records received by the time are not known, or there are none; name a
            later time.
    """
    known, received = known_lake(lake, at), reception(lake, at)
    if is_redone or claimed_profile(known) != stored_profile(lake):
        forget_records(known)
    claim_lake(known, stored_profile(lake))
    if not log.exists(known, MONTHS):
        replay_catalogue(lake, known, received, stored_profile(lake))
        replay_inputs(spark, lake, known, received)
        replay_sales(spark(), lake, known, received)
        write_months(lake, known, received)
    return known


def replay_sales(spark: "SparkSession", lake: Lake, known: Lake, received: Reception) -> None:
    """Copy the received sales records to the replayed lake's bronze and merge them into silver.

    Raises:
        RefusedError: no sales record had been received by the time; name a later time.
    """
    if not log.has_transaction(known, SALES_EVENTS, COPIED):
        parts = write_parts(known, each_once(rows.read(spark, lake, SALES_EVENTS)), received)
        if not parts:
            raise RefusedError(
                f"--known-at {received.at.isoformat()}: no sale had been received by then; name "
                "a later time."
            )
        commit_parts(known, SALES_EVENTS, parts, COPIED)
    events = rows.read(spark, known, SALES_EVENTS)
    take_in(
        known,
        events,
        stored_profile(known),
        is_moving=may_name_sales(events, stored_profile(known)),
    )


def replay_inputs(
    spark: "Callable[[], SparkSession]", lake: Lake, known: Lake, received: Reception
) -> None:
    """Merge the received records of declared inputs into the replayed lake's silver tables.

    For a time before the lake began, the first file of each input counts as received.
    """
    for name in stored_profile(lake).inputs:
        until = first_arrival(lake, name) if received.is_assumed else received.at
        by_then = [("ingested_at", "<=", until)]
        inputs.put_through(spark, lake, known, name, by_then, stored_profile(known))


def first_arrival(lake: Lake, name: str) -> datetime:
    """Return when the first file of an input was ingested.

    Raises:
        RefusedError: no file of the input was ingested; run ingest_history.
    """
    mine = [("entity", "=", name)]
    batches = read_batches(lake, CATALOGUE_EVENTS, ["ingested_at"], mine)
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
    there = filesystem(lake.root).get_file_info(FileSelector(FOLDER, allow_not_found=True))
    return [Lake(f"{lake.root}/{FOLDER}/{info.base_name}") for info in there]


def discard(lake: Lake) -> None:
    """Delete every replayed lake of a lake, with copies of records that an erasure deletes."""
    for known in known_lakes(lake):
        disclaim_lake(known)
    reach(f"before {FOLDER} removal")
    filesystem(lake.root).delete_dir_contents(FOLDER, missing_dir_ok=True)
    log.forget()
