"""All that was sent to a topic."""

from typing import Any

from kafka import KafkaConsumer, TopicPartition

from streaming.kafka.settings import KafkaSettings


def received(settings: KafkaSettings, topic: str) -> list[Any]:
    """Read a topic's messages."""
    consumer = KafkaConsumer(**settings.consumer_options(), auto_offset_reset="earliest")
    try:
        partitions = [TopicPartition(topic, p) for p in consumer.partitions_for_topic(topic)]
        consumer.assign(partitions)
        ends = consumer.end_offsets(partitions)
        messages: list[Any] = []
        while any(consumer.position(partition) < end for partition, end in ends.items()):
            for some in consumer.poll(timeout_ms=1000).values():
                messages.extend(some)
        return messages
    finally:
        consumer.close()
