"""What looks wrong among the records of a stream is counted, whichever way they are put through."""

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
from builders import events, profile, record

from ingestion.sales.intake import merge_few_sales, merge_sales
from lakehouse.delta.upserts import upsert_rows
from lakehouse.lake import Lake
from lakehouse.tables.silver import SHOPS
from streaming.queries.metrics import IngestMetrics
from streaming.queries.suspects import SuspectCounter

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

VALUES = [
    record(shop_id="1", item_id="10"),
    record(shop_id="9", item_id="11"),
    record(shop_id="9", item_id="12"),
    record(date="2020-01-02", shop_id="1", item_id="10"),
    record(units="x"),
]


def list_shop(lake: Lake, shop_id: str) -> None:
    row = {"shop_id": shop_id, "name": None, "alias_of": None, "attributes": []}
    stated = [{**row, "updated_at": datetime(2016, 1, 1, tzinfo=UTC)}]
    upsert_rows(lake, SHOPS, pa.Table.from_pylist(stated, SHOPS.schema))


def figure(metrics: IngestMetrics, name: str, **labels: str) -> float:
    return metrics.registry.get_sample_value(f"shopcast_ingest_{name}", labels) or 0.0


@pytest.mark.parametrize("way", ["here", pytest.param("workers", marks=pytest.mark.slow)])
def test_sales_that_no_list_knows_early_dates_and_rejected_events_are_counted(
    way: str, lake: Lake, caplog: pytest.LogCaptureFixture, request: pytest.FixtureRequest
) -> None:
    caplog.set_level(logging.WARNING, "shopcast")
    metrics = IngestMetrics()
    control = SuspectCounter(lake, metrics)
    list_shop(lake, "1")
    if way == "here":
        control.count_records(merge_few_sales(lake, events(*VALUES), profile()))
    else:
        spark: SparkSession = request.getfixturevalue("spark")
        frame = spark.createDataFrame(events(*VALUES))
        merge_sales(lake, frame, profile(), admit=control.count_parts)
    metrics.record(len(VALUES), 1.0, 1)
    assert figure(metrics, "unlisted_shops_total") == 2
    assert figure(metrics, "unlisted_items_total") == 4
    assert figure(metrics, "early_dates_total") == 1
    assert figure(metrics, "events_rejected_total") == 1
    assert figure(metrics, "rejected_events_total", reason="units_unparsable") == 1
    assert "2 sales have a shop_id that no list has: 9" in caplog.text
    list_shop(lake, "9")
    control.count_records(
        merge_few_sales(lake, events(record(shop_id="9"), offsets=[9]), profile())
    )
    assert figure(metrics, "unlisted_shops_total") == 2, "a list learns it"
