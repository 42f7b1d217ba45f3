"""Destination of accepted messages: Kafka where it is configured, else the landing folder."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from lakehouse.errors import RefusedError
from lakehouse.faults import reach
from lakehouse.profile.profile import Profile
from serving.uploads.forms import What
from serving.uploads.landing import Landing
from serving.uploads.stage import staged_blocks
from streaming.kafka.settings import KafkaSettings

logger = logging.getLogger("shopcast")
# A client waits for Kafka's confirmations no longer than this.
DELIVERY_MS = 20_000


class UnavailableError(Exception):
    """Exception of an upload that cannot be passed on now; the same request may do so later.

    Its text is public: no address and no path.
    """


class Destination(Protocol):
    """Where accepted messages go."""

    def require_ready(self) -> None:
        """Check that messages can be passed on.

        Raises:
            UnavailableError: they cannot be passed on now.
        """
        ...

    def pass_on(self, stage: Path, upload_id: str) -> str | None:
        """Pass all messages of a stage on; a repetition does no harm.

        Returns:
            The command that a person runs next; None: the stream takes the messages in.

        Raises:
            UnavailableError: not all messages were passed on.
        """
        ...


@dataclass(frozen=True)
class KafkaDestination:
    """Sends messages to a topic of Kafka: idempotent producer, confirmed by all replicas."""

    settings: KafkaSettings
    topic: str

    def require_ready(self) -> None:
        """Check that Kafka answers and has the topic; as ``Destination``."""
        from streaming.kafka.topics import topic_ids

        try:
            topic_ids(self.settings, [self.topic])
        except RefusedError as error:
            logger.warning("%s", error)
            raise UnavailableError("Kafka does not answer, or lacks the topic.") from None

    def pass_on(self, stage: Path, upload_id: str) -> None:
        """Send the messages and wait until all are confirmed; as ``Destination``."""
        from kafka.errors import KafkaError

        from streaming.kafka.delivery import Delivery

        try:
            with Delivery(self.settings, self.topic, DELIVERY_MS) as delivery:
                for batch in staged_blocks(stage):
                    keys, values = (column.to_pylist() for column in batch.columns)
                    for key, value in zip(keys, values, strict=True):
                        delivery.send(key, value)
                    reach("upload block sent")
                    if delivery.failed:
                        break
                delivery.flush()
        except KafkaError as error:
            logger.warning("upload %s: %s", upload_id, error)
            raise UnavailableError("Kafka does not take the rows.") from None
        if delivery.failed:
            logger.warning("upload %s: %s", upload_id, delivery.fault)
            raise UnavailableError("Kafka did not confirm all rows.")


def choose_destination(
    kafka: KafkaSettings, landing: Path, what: What, profile: Profile
) -> Destination:
    """Return where the messages of an upload go."""
    if not kafka.bootstrap_servers:
        return Landing(landing, what, profile)
    topic = kafka.sales_topic if what == What.SALES else kafka.catalogue_topic
    return KafkaDestination(kafka, topic)
