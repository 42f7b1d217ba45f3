from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from asking import Client
from fastapi import FastAPI
from published import PublishedLake

from serving.access.key_store import KeyStore
from serving.access.scopes import Scope
from serving.app import create_app
from serving.lookup.store import Store
from serving.settings import ServingSettings

NOW = datetime(2015, 12, 31, 23, tzinfo=UTC)


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ServingSettings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("STATE_FOLDER", str(tmp_path / "state"))
    monkeypatch.setenv("RATE_LIMIT", "off")
    monkeypatch.setenv("CACHE_FOLDER", str(tmp_path / "cache"))


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
def create_key(settings: ServingSettings) -> Callable[..., str]:
    """Creates a key with the scopes that are passed, and returns its text."""
    return lambda *scopes: KeyStore(settings.state).create("tests", [Scope(s) for s in scopes])


@pytest.fixture
def client(app: FastAPI) -> Client:
    return Client(app)
