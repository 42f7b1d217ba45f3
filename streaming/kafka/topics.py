"""The topics of Kafka: made where they are missing, and told apart by their ids."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from kafka import KafkaAdminClient
from kafka.errors import (
    KafkaError,
    KafkaTimeoutError,
    LeaderNotAvailableError,
    NoError,
    TopicAlreadyExistsError,
    UnknownTopicOrPartitionError,
    for_code,
)

from lakehouse.errors import RefusedError
from streaming.kafka.connection_faults import connection_faults
from streaming.kafka.settings import KafkaSettings

PARTITIONS = 4
# As many replicas as the brokers are set to make: one on a broker of this machine.
BROKERS_DEFAULT = -1
CONNECT_MS = 15_000
LONGEST = 300


def create_topics(
    settings: KafkaSettings,
    names: Sequence[str],
    partitions: int = PARTITIONS,
    replication: int = BROKERS_DEFAULT,
) -> list[str]:
    """Create the topics that are missing.

    Args:
        settings: how Kafka is reached.
        names: of the topics.
        partitions: of each new topic.
        replication: replicas of each partition; -1: the brokers' default.

    Returns:
        The topics that were created.

    Raises:
        RefusedError: Kafka cannot be reached or refuses.
    """
    with administration(settings) as admin:
        missing = [name for name, topic in described(admin, names).items() if not topic["topic_id"]]
        for name in missing:
            create(admin, name, partitions, replication)
        return missing


def create(admin: KafkaAdminClient, name: str, partitions: int, replication: int) -> None:
    """Create one topic, unless somebody else did meanwhile, and wait until it can be used."""
    topic = {
        "num_partitions": partitions,
        "replication_factor": replication,
        "configs": {"cleanup.policy": "delete"},
    }
    with suppress(TopicAlreadyExistsError):
        admin.create_topics({name: topic})
    admin.wait_for_topics([name])


def topic_ids(settings: KafkaSettings, names: Sequence[str]) -> dict[str, str]:
    """Return the id of each topic: another one when it was deleted and made again.

    Raises:
        RefusedError: Kafka cannot be reached, or a topic is missing.
    """
    with administration(settings) as admin:
        topics = described(admin, names)
    missing = [name for name, topic in topics.items() if not topic["topic_id"]]
    if missing:
        raise RefusedError(
            f"Kafka at {settings.servers} has no topic {', '.join(missing)}: "
            "create it (python -m streaming.create_topics), or name the right one by "
            "KAFKA_SALES_TOPIC or KAFKA_CATALOGUE_TOPIC."
        )
    return {name: str(topic["topic_id"]) for name, topic in topics.items()}


@contextmanager
def administration(settings: KafkaSettings) -> Iterator[KafkaAdminClient]:
    """Connect to Kafka while a block runs.

    Raises:
        RefusedError: Kafka cannot be reached or refuses what is asked in the block.
    """
    options = settings.client_options()
    with connection_faults() as faults:
        try:
            with KafkaAdminClient(**options, bootstrap_timeout_ms=CONNECT_MS) as admin:
                yield admin
        except (KafkaError, OSError) as error:
            raise RefusedError(
                f"Kafka at {settings.servers} does not do as asked: "
                f"{cause(error, faults)}. "
                "Check KAFKA_BOOTSTRAP_SERVERS, its security settings and that it runs "
                "(a broker of this machine: python -m streaming broker)."
            ) from None


def cause(error: Exception, faults: Sequence[str]) -> str:
    """Write why, without the whole request that an error came from."""
    if faults and isinstance(error, KafkaTimeoutError):
        return faults[-1]
    return f"{type(error).__name__}: {str(error)[:LONGEST]}"


def described(admin: KafkaAdminClient, names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Describe topics by name; a missing one has no ``topic_id``.

    Raises:
        KafkaError: we may not see a topic, or its name is none.
    """
    topics = {topic["name"]: topic for topic in admin.describe_topics(list(names))}
    for topic in topics.values():
        error = for_code(topic["error_code"])
        if error not in (NoError, UnknownTopicOrPartitionError, LeaderNotAvailableError):
            raise error(topic["name"])
    return topics
