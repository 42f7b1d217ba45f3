"""Lookups in the copy in PostgreSQL give the bytes that lookups in the lake give."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import httpx
import psycopg
import pytest
from asking import Client
from fastapi import FastAPI
from job_runs import run
from published import PublishedLake, forecast, shop

from jobs import publish
from lakehouse.errors import UsageError
from lakehouse.overrides import Override, append_overrides
from publishing.postgresql import reader
from serving.app import create_app
from serving.settings import ServingSettings

pytestmark = pytest.mark.slow

NOW = datetime(2015, 12, 31, 23, tzinfo=UTC)
QUANTILES = {"p10": 0.1, "p50": 1.0, "p90": 2.7, "p95": 3.3}
DECEMBER = {"month": date(2015, 12, 1), "horizon": 2}
PAIRS = [
    {"shop_id": "57", "item_id": "5037"},
    {"shop_id": "0", "item_id": "9"},
    {"shop_id": "57", "item_id": "none"},
    {"shop_id": "none", "item_id": "5037"},
    {"shop_id": "58", "item_id": "9"},
    {"shop_id": "57", "item_id": "5037"},
]
QUESTIONS: list[tuple[str, str, dict[str, Any]]] = [
    ("GET", "/predict?shop_id=57&item_id=5037", {}),
    ("GET", "/predict?shop_id=0&item_id=5037", {}),
    ("GET", "/predict?shop_id=57&item_id=5037&month=2015-12", {}),
    ("GET", "/predict?shop_id=57&item_id=5037&month=2016-12", {}),
    ("GET", "/predict?shop_id=57&item_id=9", {}),
    ("GET", "/predict?shop_id=58&item_id=9", {}),
    ("GET", "/predict?shop_id=59&item_id=9", {}),
    ("GET", "/predict?shop_id=none&item_id=none", {}),
    *(
        ("POST", "/predict", {"json": {"pairs": PAIRS}, "headers": {"Accept": accepted}})
        for accepted in (
            "application/json",
            "application/x-ndjson",
            "application/vnd.apache.arrow.stream",
        )
    ),
    ("POST", "/predict", {"json": {"pairs": PAIRS, "month": "2015-12"}}),
]


def publish_copy(published: PublishedLake, database: str) -> None:
    arguments = ("--lake", published.folder, "--to", database, "--keep-hours", "0")
    code, figures = run(publish.JOB, *arguments, "--versions", "1")
    assert code == 0, figures


@pytest.fixture
def copied(
    published: PublishedLake, database: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[FastAPI]:
    """An application that looks up a copy; its lake has two versions."""
    monkeypatch.setattr(reader, "SECONDS_TO_WAIT", 1)
    published.set_shops(shop("57"), shop("0", alias_of="57"), shop("58"), shop("59"))
    published.publish("v1", forecast())
    published.publish(
        "v2",
        forecast(units=1.3, **QUANTILES),
        forecast(units=0.7, **DECEMBER),
        forecast("58", "9", units=0.0, **QUANTILES),
    )
    values = ("event", None, "ann", NOW, "v2", 0.7)
    append_overrides(published.lake, [Override("57", "5037", DECEMBER["month"], 2.5, *values)])
    publish_copy(published, database)
    settings = ServingSettings(lake_root=str(published.folder), refresh_seconds=30, store=database)
    app = create_app(settings, clock=lambda: NOW)
    yield app
    app.state.source.close()


@pytest.mark.parametrize(("method", "path", "values"), QUESTIONS)
def test_both_stores_answer_with_equal_bytes(
    app: FastAPI, copied: FastAPI, method: str, path: str, values: dict[str, Any]
) -> None:
    from_lake, from_copy = (ask(each, method, path, values) for each in (app, copied))
    assert from_copy.content == from_lake.content
    assert from_copy.status_code == from_lake.status_code
    assert from_copy.headers.get("etag") == from_lake.headers.get("etag")


def test_both_stores_show_the_overrides_of_the_lake(app: FastAPI, copied: FastAPI) -> None:
    for each in (app, copied):
        answer = ask(each, "GET", "/predict?shop_id=57&item_id=5037&month=2015-12", {})
        assert answer.json()["forecasts"][0]["override"]["units"] == 2.5


def ask(app: FastAPI, method: str, path: str, values: dict[str, Any]) -> httpx.Response:
    app.state.store.refresh()
    headers = {"X-Request-ID": "the-same", **values.get("headers", {})}
    return Client(app).request(method, path, **{**values, "headers": headers})


def test_a_new_publication_is_served_after_a_refresh(
    published: PublishedLake, copied: FastAPI, database: str
) -> None:
    copied.state.store.refresh()
    published.publish("v3", forecast(units=9.0))
    copied.state.store.refresh()
    assert copied.state.store.state.snapshot.version.version == "v2"
    publish_copy(published, database)
    copied.state.store.refresh()
    assert units(copied) == [9.0]


def units(app: FastAPI) -> list[float]:
    answer = Client(app).get("/predict?shop_id=57&item_id=5037")
    assert answer.status_code == 200, answer.text
    return [row["units"] for row in answer.json()["forecasts"]]


def test_a_version_that_left_the_copy_is_not_mistaken_for_an_unknown_pair(
    published: PublishedLake, copied: FastAPI, database: str
) -> None:
    copied.state.store.refresh()
    published.publish("v3", forecast())
    publish_copy(published, database)
    answer = Client(copied).get("/predict?shop_id=57&item_id=5037")
    assert (answer.status_code, "no longer in the copy" in answer.text) == (503, True)
    assert answer.headers["retry-after"]


def test_a_database_without_a_copy_serves_nothing(settings: ServingSettings, database: str) -> None:
    app = create_app(settings.model_copy(update={"store": as_secret(database)}), lambda: NOW)
    app.state.store.refresh()
    assert app.state.store.state.fault == "The copy has no published forecasts; run jobs.publish."
    app.state.source.close()


def test_a_database_that_does_not_answer_leaves_the_last_good_version(
    copied: FastAPI, database: str
) -> None:
    copied.state.store.refresh()
    name = database.partition("?")[0].rpartition("/")[2]
    with psycopg.connect(database.replace(name, "postgres"), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    copied.state.store.refresh()
    state = copied.state.store.state
    assert state.snapshot.version.version == "v2"
    assert "does not answer" in state.fault
    answer = Client(copied).get("/predict?shop_id=57&item_id=5037")
    assert answer.status_code == 503
    assert name not in answer.text


def test_a_role_that_reads_views_alone_is_enough(
    published: PublishedLake, copied: FastAPI, database: str
) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("DROP ROLE IF EXISTS api")
        connection.execute("CREATE ROLE api LOGIN IN ROLE shopcast_reader")
    del copied
    url = database.replace("postgres@", "api@")
    settings = ServingSettings(lake_root=str(published.folder), store=url)
    app = create_app(settings, lambda: NOW)
    app.state.store.refresh()
    assert units(app) == [1.3, 0.7]
    app.state.source.close()


def test_a_wrong_url_is_refused_without_its_password(settings: ServingSettings) -> None:
    wrong = as_secret("postgresql://me:sec%ret@host/db")
    with pytest.raises(UsageError, match="cannot be read") as error:
        create_app(settings.model_copy(update={"store": wrong}))
    assert "sec%ret" not in str(error.value)
    assert "sec%ret" not in repr(settings.model_copy(update={"store": wrong}))


def as_secret(url: str) -> Any:
    from pydantic import SecretStr

    return SecretStr(url)
