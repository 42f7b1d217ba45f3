"""Topics of a real broker: a new one for each test, and all that was sent to it."""

from itertools import count
from typing import Any

from kafka import KafkaConsumer, TopicPartition

from streaming.kafka.settings import KafkaSettings
from streaming.kafka.topics import create_topics

NUMBERS = count()


def new_topic(servers: str, partitions: int = 4) -> str:
    """Create a topic that no other test knows."""
    name = f"topic-{next(NUMBERS)}"
    assert create_topics(KafkaSettings(bootstrap_servers=servers), [name], partitions) == [name]
    return name


def received(servers: str, topic: str) -> list[Any]:
    """Read a topic's messages, one partition after the other, each in order."""
    options = KafkaSettings(bootstrap_servers=servers).consumer_options()
    consumer = KafkaConsumer(**options, auto_offset_reset="earliest")
    try:
        partitions = [
            TopicPartition(topic, p) for p in sorted(consumer.partitions_for_topic(topic))
        ]
        consumer.assign(partitions)
        ends = consumer.end_offsets(partitions)
        messages: list[Any] = []
        # Positions, not a count: the end of a transaction takes an offset and is no message.
        while any(consumer.position(partition) < end for partition, end in ends.items()):
            for found in consumer.poll(timeout_ms=1000).values():
                messages.extend(found)
        return sorted(messages, key=lambda message: (message.partition, message.offset))
    finally:
        consumer.close()
