from datetime import UTC, datetime
from pathlib import Path

import pytest
from asking import Client
from fastapi import FastAPI
from published import PublishedLake

from serving.app import create_app
from serving.settings import ServingSettings
from serving.store import Store

NOW = datetime(2015, 12, 31, 23, tzinfo=UTC)


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LAKE_ROOT", "HOST", "PORT", "REFRESH_SECONDS", "MAX_AGE_MONTHS"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def published(tmp_path: Path) -> PublishedLake:
    return PublishedLake(tmp_path / "lake")


@pytest.fixture
def settings(published: PublishedLake) -> ServingSettings:
    return ServingSettings(lake_root=str(published.folder), refresh_seconds=30)


@pytest.fixture
def app(settings: ServingSettings) -> FastAPI:
    return create_app(settings, clock=lambda: NOW)


@pytest.fixture
def store(app: FastAPI) -> Store:
    """The application's store; tests refresh it themselves, as its background task would."""
    return app.state.store


@pytest.fixture
def client(app: FastAPI) -> Client:
    return Client(app)
