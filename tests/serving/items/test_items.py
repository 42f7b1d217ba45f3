"""GET /items/{item_id} answers from the copy of items, and exists only where one is named."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from asking import Client
from fastapi import FastAPI
from job_runs import run
from published import PublishedLake, forecast

from jobs import publish
from lakehouse.tables.silver import ITEMS
from serving.app import create_app
from serving.settings import ServingSettings

NOW = datetime(2015, 12, 31, 23, tzinfo=UTC)


OpenApp = Callable[..., FastAPI]


@pytest.fixture
def open_app(published: PublishedLake) -> Iterator[OpenApp]:
    """Opens applications with a database of items, and closes them at the end."""
    opened: list[FastAPI] = []

    def open_(url: str, **values: Any) -> FastAPI:
        settings = ServingSettings(lake_root=str(published.folder), items_store=url, **values)
        opened.append(create_app(settings, clock=lambda: NOW))
        return opened[-1]

    yield open_
    for app in opened:
        app.state.items.close()


@pytest.fixture
def client(published: PublishedLake, item_database: str, open_app: OpenApp) -> Client:
    row = {"item_id": "5037", "name": "Lamp", "category_id": "5", "category_name": None}
    row |= {"listed_on": None, "attributes": [("type", "home")], "updated_at": NOW}
    published.write(ITEMS, [row])
    published.publish("v1", forecast(units=1.5), forecast("58", units=0.25))
    code, figures = run(publish.JOB, "--lake", published.folder, "--to", item_database)
    assert code == 0, figures
    return Client(open_app(item_database))


def test_an_item_is_answered_with_catalogue_prices_and_forecasts(client: Client) -> None:
    answer = client.get("/items/5037")
    assert answer.status_code == 200
    assert answer.json() == {
        "item_id": "5037",
        "name": "Lamp",
        "category_id": "5",
        "category_name": None,
        "listed_on": None,
        "attributes": {"type": "home"},
        "prices": [],
        "forecasts": {
            "version": "v1",
            "cutoff": "2015-10",
            "months": [{"month": "2015-11", "horizon": 1, "units": 1.75, "shops": 2}],
        },
    }


@pytest.mark.parametrize(("path", "status"), [("/items/none", 422), ("/items/7", 404)])
def test_an_unknown_item_is_a_problem(client: Client, path: str, status: int) -> None:
    answer = client.get(path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


def test_without_a_database_of_items_the_route_does_not_exist(app: FastAPI) -> None:
    answer = Client(app).get("/items/5037")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    assert "/items/{item_id}" not in app.openapi()["paths"]


def test_a_database_that_does_not_answer_is_a_503(open_app: OpenApp) -> None:
    url = "mongodb://me:secret@127.0.0.1:1/db?serverSelectionTimeoutMS=50"
    app = open_app(url)
    answer = Client(app).get("/items/5037")
    assert (answer.status_code, "secret" in answer.text) == (503, False)
    assert answer.headers["retry-after"]
    assert "/items/{item_id}" in app.openapi()["paths"]


def test_closed_reads_need_a_key_for_items_too(open_app: OpenApp) -> None:
    app = open_app("mongodb://127.0.0.1:1/db", reads="keys")
    assert Client(app).get("/items/5037").status_code == 401
