from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from asking import Client
from kafka_client import no_kafka_settings_from_outside  # noqa: F401
from published import PublishedLake
from uploading import Uploader

from streaming.kafka.settings import KafkaSettings
from streaming.kafka.topics import create_topics
from streaming.local_broker.broker import Broker


@pytest.fixture
def uploader(published: PublishedLake, client: Client, create_key: Callable[..., str]) -> Uploader:
    """Sends uploads to an API over a lake of the profile sample, without Kafka."""
    assert published.lake.root
    return Uploader(client, create_key("write"))


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The bootstrap servers of a real broker, one for the whole run."""
    with Broker(tmp_path_factory.mktemp("kafka")) as running:
        yield running.servers


@pytest.fixture
def kafka(broker: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> KafkaSettings:
    """Two topics that no other test knows, in the environment of the API."""
    name = tmp_path.name.replace("_", "-")
    settings = KafkaSettings(
        bootstrap_servers=broker, sales_topic=f"s-{name}", catalogue_topic=f"c-{name}"
    )  # type: ignore[call-arg]
    create_topics(settings, [settings.sales_topic, settings.catalogue_topic], 2)
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", broker)
    monkeypatch.setenv("KAFKA_SALES_TOPIC", settings.sales_topic)
    monkeypatch.setenv("KAFKA_CATALOGUE_TOPIC", settings.catalogue_topic)
    return settings
