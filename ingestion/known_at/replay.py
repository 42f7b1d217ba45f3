"""Replay: bronze as it was at a time → a lake of its own with silver as it was then."""

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
    """Return the place of a lake as it was at a time; it is a lake like any other."""
    return Lake(f"{lake.root}/{FOLDER}/{at:%Y%m%dT%H%M%S.%fZ}")


def replay(
    spark: "Callable[[], SparkSession]", lake: Lake, at: datetime, *, is_redone: bool = False
) -> Lake:
    """Make the lake as it was at a time: bronze and silver.

    What had been received by then decides, not what was made of it: the records go through the
    program and the profile of today, so that one that was rejected then and is fine now counts.
    Done again it changes nothing, after a changed profile it is made anew, and where it was cut off
    it is completed: the months come last.

    Args:
        spark: starts the session, or returns it.
        lake: whose bronze is read.
        at: the time, UTC.
        is_redone: make it anew in any case.

    Raises:
        RefusedError: what had been received by then is not known, or nothing had been.
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
    """Put the sales records that had been received through to silver, by the workers.

    Raises:
        RefusedError: none had been.
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
    """Put what had been received of the declared inputs through to silver.

    Before the lake began, the first file of each is assumed, as of the catalogue.
    """
    for name in stored_profile(lake).inputs:
        until = first_arrival(lake, name) if received.is_assumed else received.at
        by_then = [("ingested_at", "<=", until)]
        inputs.put_through(spark, lake, known, name, by_then, stored_profile(known))


def first_arrival(lake: Lake, name: str) -> datetime:
    """Return when the first file of an input came.

    Raises:
        RefusedError: none did.
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
    """Keep the first of the records that came again under their key, as Kafka's may.

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
    """Remove what was replayed into a lake; models, scores and forecasts made of it stay.

    Its marker goes first: where this is cut off, the next replay begins by it.
    """
    disclaim_lake(known)
    for layer in ("bronze", "silver"):
        reach(f"before {layer} removal")
        filesystem(known.root).delete_dir_contents(layer, missing_dir_ok=True)
    log.forget()


def known_lakes(lake: Lake) -> list[Lake]:
    """List the lakes that were replayed from a lake."""
    there = filesystem(lake.root).get_file_info(FileSelector(FOLDER, allow_not_found=True))
    return [Lake(f"{lake.root}/{FOLDER}/{info.base_name}") for info in there]


def discard(lake: Lake) -> None:
    """Remove every lake that was replayed from a lake, as when records of it are erased."""
    for known in known_lakes(lake):
        disclaim_lake(known)
    reach(f"before {FOLDER} removal")
    filesystem(lake.root).delete_dir_contents(FOLDER, missing_dir_ok=True)
    log.forget()
