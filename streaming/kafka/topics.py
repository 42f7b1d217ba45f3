"""Kafka topics: creation of missing topics, and the topic ids that identify them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

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
# Kafka's value for the brokers' default number of replicas: one on the local broker.
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
        settings: address of and login to Kafka.
        names: names of the topics.
        partitions: number of partitions of each new topic.
        replication: replicas of each partition; -1: the brokers' default.

    Returns:
        The topics that were created.

    Raises:
        RefusedError: Kafka cannot be reached, or refuses the request.
    """
    with administration(settings) as admin:
        missing = [name for name, identity in describe_topics(admin, names).items() if not identity]
        for name in missing:
            create(admin, name, partitions, replication)
        return missing


def create(admin: KafkaAdminClient, name: str, partitions: int, replication: int) -> None:
    """Create one topic, unless another process just did, and wait until the topic is usable."""
    topic = {
        "num_partitions": partitions,
        "replication_factor": replication,
        "configs": {"cleanup.policy": "delete"},
    }
    with suppress(TopicAlreadyExistsError):
        admin.create_topics({name: topic})
    admin.wait_for_topics([name])


def topic_ids(settings: KafkaSettings, names: Sequence[str]) -> dict[str, str]:
    """Return topic → topic id; a topic that is deleted and created again gets a new id.

    Raises:
        RefusedError: Kafka cannot be reached, or a topic is missing; run create_topics.
    """
    with administration(settings) as admin:
        topics = describe_topics(admin, names)
    ids = {name: identity for name, identity in topics.items() if identity}
    missing = [name for name in topics if name not in ids]
    if missing:
        raise RefusedError(
            f"Kafka at {settings.servers} has no topic {', '.join(missing)}: "
            "create it (python -m streaming.create_topics), or name the right one by "
            "KAFKA_SALES_TOPIC or KAFKA_CATALOGUE_TOPIC."
        )
    return ids


@contextmanager
def administration(settings: KafkaSettings) -> Iterator[KafkaAdminClient]:
    """Connect to Kafka while a block runs.

    Raises:
        RefusedError: Kafka cannot be reached, or refuses a request of the block.
    """
    options = settings.client_options()
    with connection_faults() as faults:
        try:
            with KafkaAdminClient(**options, bootstrap_timeout_ms=CONNECT_MS) as admin:
                yield admin
        except (KafkaError, OSError) as error:
            raise RefusedError(
                f"Kafka at {settings.servers} refuses or does not answer: "
                f"{cause(error, faults)}. "
                "Check KAFKA_BOOTSTRAP_SERVERS, the security settings and that the broker runs "
                "(start a broker on this machine by python -m streaming broker)."
            ) from None


def cause(error: Exception, faults: Sequence[str]) -> str:
    """Return the cause of an error as text: for a timeout, the last connection fault.

    Other messages are cut to ``LONGEST`` characters, because they may hold the whole request.
    """
    if faults and isinstance(error, KafkaTimeoutError):
        return faults[-1]
    return f"{type(error).__name__}: {str(error)[:LONGEST]}"


def describe_topics(admin: KafkaAdminClient, names: Sequence[str]) -> dict[str, str | None]:
    """Return topic → topic id; None: Kafka has no such topic.

    Raises:
        KafkaError: a topic may not be described by this login, or its name is not valid.
    """
    topics = admin.describe_topics(list(names))
    for topic in topics:
        error = for_code(topic["error_code"])
        if error not in (NoError, UnknownTopicOrPartitionError, LeaderNotAvailableError):
            raise error(topic["name"])
    return {t["name"]: str(t["topic_id"]) if t["topic_id"] else None for t in topics}
