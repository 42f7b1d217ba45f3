"""What test files that import kafka-python share, in their conftest.py."""

import os
import warnings

import pytest

with warnings.catch_warnings():
    # kafka-python 3.0.12 reads its schemas by a deprecated function, all of them now.
    warnings.simplefilter("ignore", DeprecationWarning)
    import kafka  # noqa: F401


@pytest.fixture(autouse=True)
def no_kafka_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("KAFKA_")]:
        monkeypatch.delenv(name)
