"""Backlog: records in Kafka that the ingest has not processed, asked of Kafka itself.

A query that hangs reports nothing, so that its own last figures would stay good for ever. The end
of each partition and the oldest waiting record are therefore read from Kafka when the metrics are.
"""

import logging
import time
from collections.abc import Mapping
from threading import Lock
from typing import Any

from streaming.kafka.settings import KafkaSettings

logger = logging.getLogger("shopcast")
UNKNOWN = float("nan")
# A scrape that takes longer is given up by Prometheus.
PATIENCE_SECONDS = 5
Offsets = Mapping[str, Mapping[str, int]]


class Backlog:
    """What waits in Kafka beyond the last finished micro-batch."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._done: Offsets = {}
        self._consumer: Any = None
        self._turn = Lock()

    def note(self, done: Offsets) -> None:
        """Note where the last finished micro-batch ended: topic → partition → next offset."""
        self._done = done

    def events(self) -> float:
        """Return how many records wait; not a number: unknown."""
        return self._asked(lambda waiting: float(sum(end - at for at, end in waiting.values())))

    def seconds(self) -> float:
        """Return the age of the oldest record that waits, seconds; 0: none waits."""
        return self._asked(self._oldest_age)

    def close(self) -> None:
        """Close the connection to Kafka."""
        with self._turn:
            self._drop()

    def _asked(self, figure: Any) -> float:
        """Compute a figure of the partitions that have waiting records."""
        with self._turn:
            if not self._done:
                return UNKNOWN
            try:
                return float(figure(self._waiting()))
            except Exception as error:  # kafka-python raises errors of many kinds
                logger.warning("the backlog in Kafka is unknown: %s", error)
                self._drop()
                return UNKNOWN

    def _waiting(self) -> dict[Any, tuple[int, int]]:
        """Return partition → (next offset to ingest, end), of partitions that are behind."""
        from kafka import KafkaConsumer, TopicPartition

        if self._consumer is None:
            self._consumer = KafkaConsumer(
                **self._settings.consumer_options(),
                enable_auto_commit=False,
                request_timeout_ms=PATIENCE_SECONDS * 1000,
            )
        done = {
            TopicPartition(topic, int(partition)): offset
            for topic, partitions in self._done.items()
            for partition, offset in partitions.items()
        }
        ends = self._consumer.end_offsets(list(done))
        return {place: (at, ends[place]) for place, at in done.items() if ends[place] > at}

    def _oldest_age(self, waiting: Mapping[Any, tuple[int, int]]) -> float:
        """Read the first waiting record of each partition that is behind."""
        if not waiting:
            return 0.0
        self._consumer.assign(list(waiting))
        for place, (at, _) in waiting.items():
            self._consumer.seek(place, at)
        oldest: dict[Any, int] = {}
        until = time.monotonic() + PATIENCE_SECONDS
        while len(oldest) < len(waiting) and time.monotonic() < until:
            for place, records in self._consumer.poll(timeout_ms=500).items():
                oldest.setdefault(place, records[0].timestamp)
        if not oldest:
            raise TimeoutError("no record came")
        return max(0.0, time.time() - min(oldest.values()) / 1000)

    def _drop(self) -> None:
        if self._consumer is not None:
            self._consumer.close()
            self._consumer = None
