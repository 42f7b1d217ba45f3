"""Sends messages to a topic and counts what became of each."""

import time
from contextlib import suppress
from typing import Any, Self

from kafka import KafkaProducer
from kafka.errors import KafkaError, KafkaTimeoutError

from streaming.kafka.settings import KafkaSettings

# kafka-python holds what is not confirmed in memory without a bound of its own.
UNCONFIRMED = 20_000
DELIVERY_MS, CLOSE_SECONDS = 120_000, 5


class Delivery:
    """Messages on their way to one topic.

    ``delivered`` counts those that every replica in sync has, each exactly once; ``failed`` those
    that are lost or of which Kafka has not said so in time; ``fault`` is why the last one failed.
    """

    def __init__(self, settings: KafkaSettings, topic: str, delivery_ms: int = DELIVERY_MS) -> None:
        self.topic = topic
        self.sent = self.delivered = self.failed = 0
        self.fault: str | None = None
        # Kafka's client gives a message up by itself; this is for one that does not.
        self._patience = 2 * delivery_ms / 1000
        self._producer = KafkaProducer(
            **settings.client_options(),
            acks="all",
            enable_idempotence=True,
            # The others need packages of their own.
            compression_type="gzip",
            linger_ms=20,
            batch_size=1 << 17,
            delivery_timeout_ms=delivery_ms,
            request_timeout_ms=min(30_000, delivery_ms // 2),
        )

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(self, *_: object) -> None:
        """Give up what is on its way and not confirmed soon; ``flush`` before."""
        with suppress(KafkaTimeoutError):
            self._producer.close(CLOSE_SECONDS)

    def send(self, key: bytes | None, value: bytes) -> None:
        """Send a message; waits where too many are on their way."""
        while self.sent - self.delivered - self.failed >= UNCONFIRMED:
            time.sleep(0.002)
        self.sent += 1
        try:
            self._producer.send(self.topic, key=key, value=value).add_both(self._count)
        except KafkaError as error:
            self._count(error)

    def flush(self) -> None:
        """Wait until it is known of every message what became of it, or time is up."""
        try:
            self._producer.flush(self._patience)
        except KafkaTimeoutError as error:
            self.fault = self.fault or str(error)
        self.failed = self.sent - self.delivered

    def _count(self, result: Any) -> None:
        """Count a message by what became of it."""
        if isinstance(result, BaseException):
            self.failed += 1
            self.fault = f"{type(result).__name__}: {result}"
        else:
            self.delivered += 1
