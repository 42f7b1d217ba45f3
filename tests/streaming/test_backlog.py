"""The backlog is what Kafka holds beyond the last finished micro-batch, at the time of a scrape."""

import math
import time
from pathlib import Path

import pytest
from kafka import KafkaProducer

from streaming.kafka.settings import KafkaSettings
from streaming.kafka.topics import create_topics
from streaming.local_broker.broker import Broker
from streaming.queries.backlog import Backlog

pytestmark = pytest.mark.slow
TOPIC = "sales"


def test_the_backlog_grows_without_the_query(tmp_path: Path) -> None:
    with Broker(tmp_path / "kafka") as broker:
        settings = KafkaSettings(bootstrap_servers=broker.servers)  # type: ignore[call-arg]
        create_topics(settings, [TOPIC], 2)
        backlog = Backlog(settings)
        assert math.isnan(backlog.events()), "nothing is known before the first micro-batch"
        producer = KafkaProducer(**settings.client_options())
        for partition, number in ((0, 3), (1, 5)):
            for _ in range(number):
                producer.send(TOPIC, b"{}", partition=partition)
        producer.flush()
        backlog.note({TOPIC: {"0": 3, "1": 5}})
        assert (backlog.events(), backlog.seconds()) == (0, 0)
        backlog.note({TOPIC: {"0": 1, "1": 5}})
        first = backlog.seconds()
        assert backlog.events() == 2
        time.sleep(1.5)
        producer.send(TOPIC, b"{}", partition=1)
        producer.close()
        assert backlog.events() == 3
        assert backlog.seconds() - first == pytest.approx(1.5, abs=1), "it is the oldest one's age"
        broker.kill()
        assert math.isnan(backlog.events()), "an old figure would be taken for a good one"
        backlog.close()
