import signal
from collections.abc import Iterator

import pytest
from kafka_client import no_kafka_settings_from_outside  # noqa: F401

from streaming.local_broker.broker import Broker


@pytest.fixture(autouse=True)
def signals_as_before() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The bootstrap servers of a real broker, one for the whole run."""
    with Broker(tmp_path_factory.mktemp("kafka")) as running:
        yield running.servers
