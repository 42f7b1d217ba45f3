"""Known at, of a lake that a stream fills: the replay equals the lake between two batches."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
from builders import events, profile
from histories import SALES, History, Message
from rebuilt import assert_same, content, no_spark

from feature_store.build import Build
from ingestion.catalogue.messages import MESSAGE, merge_messages
from ingestion.known_at.replay import replay
from ingestion.lake_months import close, read_months
from ingestion.sales.intake import merge_few_sales
from ingestion.sales.span import extend_months
from lakehouse.delta import creation
from lakehouse.delta.arrow import append_rows
from lakehouse.lake import Lake
from lakehouse.profile.stored import claim_lake, stored_profile
from lakehouse.table import Table
from lakehouse.tables.bronze import CATALOGUE_EVENTS, REJECTED_SALES, SALES_EVENTS
from lakehouse.tables.silver import DAILY_OFFERS, DAILY_SALES, ITEMS, MONTHS, SHOPS
from lakehouse.types import TIMESTAMP

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

START = datetime(2020, 1, 1, tzinfo=UTC)
EVERYTHING: frozenset[str] = frozenset()
BATCHES = 5


def times_of(batch: int) -> datetime:
    """When a batch comes in, a day after the one before it."""
    return START + timedelta(batch)


def append(lake: Lake, table: Table, rows: pa.Table, at: datetime) -> pa.Table:
    """Put records into bronze as ingested at a time."""
    place = rows.schema.get_field_index("ingested_at")
    times = pa.repeat(pa.scalar(at, TIMESTAMP), len(rows))
    shaped = rows.set_column(place, rows.schema.field(place), times)
    append_rows(lake, table, shaped)
    return shaped


def deliver(lake: Lake, batch: list[Message], first: int, at: datetime) -> None:
    """Put a batch in as the ingest query does, each message under an offset of its own."""
    numbered = list(enumerate(batch, first))
    sales = [(i, value) for i, (topic, value) in numbered if topic == SALES]
    messages = [(i, value) for i, (topic, value) in numbered if topic != SALES]
    if messages:
        offsets, values = zip(*messages, strict=True)
        rows = events(*values, source="catalogue:1", offsets=offsets)
        rows = rows.append_column("entity", pa.repeat(MESSAGE, len(rows)))
        merge_messages(lake, append(lake, CATALOGUE_EVENTS, rows, at), stored_profile(lake))
    if sales:
        offsets, values = zip(*sales, strict=True)
        rows = events(*values, source="daily-sales:1", offsets=offsets)
        merge_few_sales(lake, append(lake, SALES_EVENTS, rows, at), stored_profile(lake))
    extend_months(lake, at)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_a_replay_equals_the_lake_after_the_batch_that_came_last(
    tmp_path: Path, spark: "SparkSession", seed: int
) -> None:
    lake = Lake.at(str(tmp_path / "lake"))
    claim_lake(lake, profile())
    for table in (DAILY_SALES, DAILY_OFFERS, REJECTED_SALES, SHOPS, ITEMS):
        creation.create_table(lake, table)
    number = 0
    for i, batch in enumerate(History(seed).batches(BATCHES)):
        deliver(lake, batch, number, times_of(i))
        if i:
            deliver(lake, batch[:3], number, times_of(i))  # the stream was started again
            close(lake, read_months(lake).open_month, times_of(i))
        number += len(batch)
        if i == 2:
            shutil.copytree(tmp_path / "lake", tmp_path / "then")
    then = Lake.at(str(tmp_path / "then"))
    Build.of(then, no_spark).run()
    known = replay(lambda: spark, lake, stored_profile(lake), times_of(2) + timedelta(hours=1))
    Build.of(known, lambda: spark).run()
    assert_same(known, then, EVERYTHING)
    assert content(known, MONTHS, EVERYTHING).equals(content(then, MONTHS, EVERYTHING))
