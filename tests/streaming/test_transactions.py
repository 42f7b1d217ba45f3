"""Kafka's transactions: what a producer committed counts, what it took back does not."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from histories import CATALOGUE, SALES
from job_runs import run
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka_topic import received
from lakes import rows
from queries import Topics

from lakehouse.lake import Lake
from lakehouse.tables.bronze import REJECTED_SALES, SALES_EVENTS
from lakehouse.tables.silver import DAILY_SALES, SHOPS
from streaming import ingest as ingest_command
from streaming.queries.backlog import Backlog

pytestmark = pytest.mark.usefixtures("spark")


@pytest.fixture
def topics(broker: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Topics:
    made = Topics(broker, request.node.name[-40:])
    for name, value in made.environment.items():
        monkeypatch.setenv(name, value)
    return made


@pytest.fixture
def till(topics: Topics) -> Iterator[KafkaProducer]:
    """A producer of transactions."""
    producer = KafkaProducer(**topics.settings.client_options(), transactional_id="till")
    producer.init_transactions()
    yield producer
    producer.close()


def send(till: KafkaProducer, topics: Topics, topic: str, *values: dict[str, object]) -> None:
    for value in values:
        till.send(topics.names[topic], json.dumps(value).encode(), partition=0)
    till.flush()


def sale(sale_id: str, units: int) -> dict[str, object]:
    fields = {"date": "2015-11-03", "shop_id": "1", "item_id": "10", "price": "899"}
    return {"sale_id": sale_id, "units": units, **fields}


@pytest.fixture
def lags(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The backlog at the end of each run of the query, records."""
    found: list[float] = []

    class Noted(Backlog):
        def close(self) -> None:
            found.append(self.events())
            super().close()

    monkeypatch.setattr(ingest_command, "Backlog", Noted)
    return found


def merge_sales(lake: Path) -> int:
    """Run the query to its end and return the number of events."""
    options = ("--lake", lake, "--profile", "sample", "--available-now")
    code, figures = run(ingest_command.JOB, *options)
    assert code == 0, figures
    return int(figures["events"])


def test_only_committed_sales_and_shops_count(
    topics: Topics, till: KafkaProducer, tmp_path: Path, lags: list[float]
) -> None:
    """The topics end in control records each time, where an offset is no record."""
    shop = {"shops": [{"shop_id": "1", "name": "Alpha"}], "updated_at": "2015-11-01"}
    till.begin_transaction()
    send(till, topics, SALES, sale("y1", 50))
    send(till, topics, CATALOGUE, shop)
    till.abort_transaction()
    lake = Lake.at(str(tmp_path))
    assert merge_sales(tmp_path) == 0
    till.begin_transaction()
    send(till, topics, SALES, sale("x2", 2))
    till.commit_transaction()
    assert merge_sales(tmp_path) == 1
    till.begin_transaction()
    send(till, topics, SALES, {"op": "cancel", "sale_id": "x2"}, sale("x3", 9))
    till.abort_transaction()
    assert merge_sales(tmp_path) == 0
    assert rows(lake, DAILY_SALES, "sale_id", "units", "is_cancelled") == [("x2", 2, False)]
    assert (rows(lake, SHOPS), rows(lake, REJECTED_SALES)) == ([], [])
    assert len(rows(lake, SALES_EVENTS)) == 1
    assert max(lags) <= 0
    committed = received(topics.settings.servers, topics.names[SALES])
    assert [json.loads(message.value)["sale_id"] for message in committed] == ["x2"]
    assert till_end(topics) > 1, "control records take offsets"


def test_an_open_transaction_is_taken_in_when_it_is_committed(
    topics: Topics, till: KafkaProducer, tmp_path: Path, lags: list[float]
) -> None:
    till.begin_transaction()
    send(till, topics, SALES, sale("open", 3))
    assert merge_sales(tmp_path) == 0
    till.commit_transaction()
    assert merge_sales(tmp_path) == 1
    assert max(lags) <= 0
    assert rows(Lake.at(str(tmp_path)), DAILY_SALES, "sale_id", "units") == [("open", 3)]


def till_end(topics: Topics) -> int:
    """Return the end of the first partition of the sales."""
    consumer = KafkaConsumer(**topics.settings.consumer_options())
    partition = TopicPartition(topics.names[SALES], 0)
    end = int(consumer.end_offsets([partition])[partition])
    consumer.close()
    return end
