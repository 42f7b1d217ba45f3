"""Delivery: messages sent to a Kafka topic, with confirmed and failed ones counted."""

import time
from contextlib import suppress
from typing import Any, Self

from kafka import KafkaProducer
from kafka.errors import KafkaError, KafkaTimeoutError

from streaming.kafka.settings import KafkaSettings

# kafka-python keeps unconfirmed messages in memory without a bound; this is ours.
UNCONFIRMED = 20_000
DELIVERY_MS, CLOSE_SECONDS = 120_000, 5


class Delivery:
    """Sends messages to one topic and counts the outcomes.

    Attributes:
        topic: name of the topic.
        sent: messages handed to Kafka's client.
        delivered: messages that every in-sync replica has confirmed, each stored exactly once.
        failed: messages that were lost or not confirmed in time.
        fault: reason of the last failure; None: no failure.
    """

    def __init__(self, settings: KafkaSettings, topic: str, delivery_ms: int = DELIVERY_MS) -> None:
        self.topic = topic
        self.sent = self.delivered = self.failed = 0
        self.fault: str | None = None
        # Seconds to wait in ``flush`` in case the client does not give up after delivery_ms.
        self._patience = 2 * delivery_ms / 1000
        self._producer = KafkaProducer(
            **settings.client_options(),
            acks="all",
            enable_idempotence=True,
            # Other compressions need additional packages.
            compression_type="gzip",
            linger_ms=20,
            batch_size=1 << 17,
            delivery_timeout_ms=delivery_ms,
            request_timeout_ms=min(30_000, delivery_ms // 2),
        )

    def __enter__(self) -> Self:
        """Return this delivery."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the client; drop messages not confirmed in ``CLOSE_SECONDS``. Call flush first."""
        with suppress(KafkaTimeoutError):
            self._producer.close(CLOSE_SECONDS)

    def send(self, key: bytes | None, value: bytes) -> None:
        """Send a message; wait first while ``UNCONFIRMED`` messages lack a confirmation."""
        while self.sent - self.delivered - self.failed >= UNCONFIRMED:
            time.sleep(0.002)
        self.sent += 1
        try:
            self._producer.send(self.topic, key=key, value=value).add_both(self._count)
        except KafkaError as error:
            self._count(error)

    def flush(self) -> None:
        """Wait until every message is confirmed or failed; on a timeout, count the rest failed."""
        try:
            self._producer.flush(self._patience)
        except KafkaTimeoutError as error:
            self.fault = self.fault or str(error)
        self.failed = self.sent - self.delivered

    def _count(self, result: Any) -> None:
        """Count a message as delivered, or as failed if the result is an exception."""
        if isinstance(result, BaseException):
            self.failed += 1
            self.fault = f"{type(result).__name__}: {result}"
        else:
            self.delivered += 1
