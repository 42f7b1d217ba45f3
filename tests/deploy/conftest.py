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
