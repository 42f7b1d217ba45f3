import os
import warnings
from collections.abc import Callable, Iterator

import pytest
from asking import Client
from published import PublishedLake
from uploading import Uploader

with warnings.catch_warnings():
    # kafka-python 3.0.12 reads its schemas by a deprecated function, all of them now.
    warnings.simplefilter("ignore", DeprecationWarning)
    import kafka  # noqa: F401

from streaming.local_broker.broker import Broker


@pytest.fixture(autouse=True)
def no_kafka_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("KAFKA_")]:
        monkeypatch.delenv(name)


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
