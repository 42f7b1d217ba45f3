"""The two queries as processes, and messages put into Kafka."""

import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from histories import CATALOGUE, SALES, Message
from injection import faulty
from kafka import KafkaProducer

from streaming.kafka.settings import KafkaSettings
from streaming.kafka.topics import create_topics

ROOT = Path(__file__).parents[2]
KILLED = -9


class Topics:
    """Two topics of a test's own."""

    def __init__(self, servers: str, name: str) -> None:
        self.settings = KafkaSettings(
            bootstrap_servers=servers,
            sales_topic=f"{SALES}-{name}",
            catalogue_topic=f"{CATALOGUE}-{name}",
        )  # type: ignore[call-arg]
        self.names = {SALES: self.settings.sales_topic, CATALOGUE: self.settings.catalogue_topic}
        create_topics(self.settings, list(self.names.values()), 2)

    def send(self, messages: Iterable[Message]) -> None:
        """Put messages into the topics and wait until the broker has them."""
        producer = KafkaProducer(**self.settings.client_options(), max_request_size=4 << 20)
        for topic, value in messages:
            producer.send(self.names[topic], value=value, key=b"" if value is None else None)
        producer.flush()
        producer.close()

    @property
    def environment(self) -> dict[str, str]:
        """How a process is told of them."""
        return {
            "KAFKA_BOOTSTRAP_SERVERS": self.settings.servers,
            "KAFKA_SALES_TOPIC": self.settings.sales_topic,
            "KAFKA_CATALOGUE_TOPIC": self.settings.catalogue_topic,
        }


def query(
    name: str, lake: object, topics: Topics, *options: str, fault: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a query until it has caught up, or until a fault ends it."""
    command = [sys.executable, "-m", "streaming", name, "--lake", str(lake), "--available-now"]
    return subprocess.run(
        [*command, *options],
        cwd=ROOT,
        env={
            **(faulty(fault) if fault else os.environ),
            **topics.environment,
            "SPARK_DRIVER_MEMORY": "1g",
        },
        capture_output=True,
        text=True,
        check=False,
    )
