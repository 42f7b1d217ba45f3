"""What tests of deployment share."""

from collections.abc import Iterator

import pytest
from cluster import require_cluster, restricted_namespace
from kafka_client import no_kafka_settings_from_outside  # noqa: F401


@pytest.fixture(scope="module")
def namespace() -> Iterator[str]:
    """A namespace that enforces ``restricted``."""
    require_cluster()
    with restricted_namespace() as name:
        yield name


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let no test fail for sockets that clients left to a server which an earlier test killed."""
    ignored = "ignore::pytest.PytestUnraisableExceptionWarning"
    for item in items:
        if item.get_closest_marker("deploy"):
            item.add_marker(pytest.mark.filterwarnings(ignored))
