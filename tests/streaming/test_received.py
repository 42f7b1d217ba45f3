"""Kafka's records as rows of bronze: the times of their reception."""

from datetime import UTC, datetime, timedelta

import pyarrow as pa
from builders import profile, record

from ingestion.sales.records import parse
from ingestion.sales.versions import newest_sales
from lakehouse.tables.bronze import SALES_EVENTS
from streaming.queries.received import Received

DAY = "2015-11-03"
NOW = datetime(2015, 11, 5, tzinfo=UTC)
EARLY, LATE = NOW - timedelta(2), NOW - timedelta(1)
SECONDS, MICROSECONDS, NONE = 1_446_573_600, 1_446_573_600_000_000, -1


def received(*timestamps: datetime | int, partitions: tuple[int, ...] = ()) -> pa.Table:
    """Records 0, 1, … of a topic; a number is a timestamp in milliseconds."""
    times = [int(t.timestamp() * 1e3) if isinstance(t, datetime) else t for t in timestamps]
    count = len(times)
    records = pa.table(
        {
            "topic": ["sales"] * count,
            "partition": pa.array(partitions or [0] * count, pa.int32()),
            "offset": range(count),
            "value": [
                record(sale_id="a", date="2015-11-03", units=str(n + 1)) for n in range(count)
            ],
            "timestamp": pa.array(times, pa.timestamp("ms", "UTC")).cast(pa.timestamp("us", "UTC")),
        }
    )
    rows = Received({"sales": "topic"}, "sales", NOW)(iter(records.to_batches()))
    table = pa.concat_tables([some.rows for some in rows]).sort_by("offset")
    return table.select(list(SALES_EVENTS.names)).cast(SALES_EVENTS.schema)


def units(events: pa.Table) -> int:
    return int(newest_sales(parse(events, profile()))["units"][0].as_py())


def test_a_timestamp_that_can_be_is_kept() -> None:
    assert received(EARLY, LATE, NOW)["received_at"].to_pylist() == [EARLY, LATE, NOW]


def test_one_that_cannot_be_is_that_of_the_record_before_it() -> None:
    for wrong in (SECONDS, MICROSECONDS, NONE, 0):
        rows = received(EARLY, wrong, LATE, wrong)
        assert rows["received_at"].to_pylist() == [EARLY, EARLY, LATE, LATE]
    assert received(SECONDS, EARLY)["received_at"].to_pylist() == [EARLY, EARLY]
    assert received(SECONDS, 0)["received_at"].to_pylist() == [NOW, NOW]


def test_the_last_record_of_a_partition_is_the_newest_in_whatever_unit_its_time_is() -> None:
    for wrong in (SECONDS, MICROSECONDS, NONE, 0):
        assert units(received(EARLY, wrong)) == 2
        assert units(received(wrong, EARLY)) == 2
        assert units(received(EARLY, wrong, LATE)) == 3


def test_another_partition_lends_no_time() -> None:
    rows = received(EARLY, SECONDS, partitions=(0, 1))
    assert rows["received_at"].to_pylist() == [EARLY, NOW]
