"""The data behind the page, as operations of the API."""

from pathlib import Path

import pytest
from asking import Client
from fastapi import FastAPI
from page_server import planner_app
from planner_lake import CELLS, CUTOFF, ITEMS_SOLD, MONTHS_CLOSED, units_in, version_of
from published import PublishedLake, forecast

from lakehouse.month_range import plus_months
from serving.page.cells import PAIR_CELLS
from serving.page.reader import PageReader


@pytest.fixture(scope="session")
def planner(planner_folder: Path) -> Client:
    app = planner_app(planner_folder)
    app.state.store.refresh()
    return Client(app)


def names(answer: dict[str, list[dict[str, str]]], of: str) -> list[str]:
    return [entry[f"{of[:-1]}_id"] for entry in answer[of]]


def test_the_cells_read_are_those_that_the_features_declare() -> None:
    declared = {column.name: column for column in CELLS.columns}
    for column in PAIR_CELLS.columns:
        assert (column.type, column.nullable) == (declared[column.name].type, False)
    assert (PAIR_CELLS.path, PAIR_CELLS.key) == (CELLS.path, CELLS.key)
    assert PAIR_CELLS.partition_by == CELLS.partition_by


@pytest.mark.parametrize(
    ("query", "shops"),
    [
        ("epicerie", ["57"]),
        ("MARCHÉ du", ["57"]),
        ("елка", ["31"]),
        ("old market", ["57"]),
        ("6", ["6"]),
        ("nowhere", []),
        ("", ["31", "57", "6"]),
    ],
)
def test_a_shop_is_found_by_words_and_ids(planner: Client, query: str, shops: list[str]) -> None:
    answer = planner.get("/shops", params={"q": query}).json()
    assert names(answer, "shops") == shops


def test_the_nearest_name_comes_first(planner: Client) -> None:
    answer = planner.get("/items", params={"q": "lamp", "shop_id": "0"}).json()
    assert answer["items"][0] == {
        "item_id": "5037",
        "name": "Desk lamp, green",
        "category_name": "Light",
    }
    assert names(planner.get("/items", params={"q": "7"}).json(), "items")[0] == "7"


def test_pages_of_a_search_hold_each_result_once(planner: Client) -> None:
    walked: list[str] = []
    offset = 0
    while True:
        page = planner.get("/items", params={"limit": 3, "offset": offset}).json()
        walked += names(page, "items")
        if page["next"] is None:
            break
        offset = page["next"]
    assert sorted(walked) == sorted(ITEMS_SOLD)
    assert planner.get("/items", params={"offset": 1000}).json() == {"items": [], "next": None}


def test_a_history_has_closed_months_past_forecasts_and_coming_ones(planner: Client) -> None:
    history = planner.get("/shops/57/items/5037/history").json()
    months = history["months"]
    assert [month["month"] for month in months] == [f"{month:%Y-%m}" for month in MONTHS_CLOSED]
    assert [month["units"] for month in months] == [
        units_in("57", "5037", month) for month in MONTHS_CLOSED
    ]
    assert months[-1]["last_year"] == units_in("57", "5037", plus_months(CUTOFF, -12))
    assert months[0]["last_year"] is None
    assert [month["forecast"] is not None for month in months].count(True) == 6
    assert months[-1]["forecast"]["version"] == version_of(plus_months(CUTOFF, -1))
    assert months[-1]["forecast"]["horizon"] == 1
    served = planner.get("/predict?shop_id=57&item_id=5037").json()["forecasts"]
    for shown, predicted in zip(history["forecasts"], served, strict=True):
        assert {name: shown[name] for name in predicted} == predicted


def test_another_name_of_a_shop_has_the_history_of_the_shop(planner: Client) -> None:
    asked, own = (planner.get(f"/shops/{shop}/items/7/history").content for shop in ("0", "57"))
    assert asked == own


def test_a_new_item_has_forecasts_and_no_history(planner: Client) -> None:
    history = planner.get("/shops/57/items/999/history").json()
    assert (history["months"], len(history["forecasts"])) == ([], 3)


def test_a_summary_sums_all_items_and_lists_the_greatest_misses(planner: Client) -> None:
    summary = planner.get("/shops/57/summary?misses=3").json()
    assert summary["months"][-1]["units"] == sum(units_in("57", i, CUTOFF) for i in ITEMS_SOLD)
    assert summary["forecasts"][0]["items"] == len(ITEMS_SOLD) + 1
    assert summary["misses_month"] == "2015-10"
    assert len(summary["misses"]) == 3
    assert summary["misses"][0]["item_id"] == "999"
    misses = [abs(miss["units"] - miss["forecast"]) for miss in summary["misses"]]
    assert misses == sorted(misses, reverse=True)


@pytest.mark.parametrize(
    ("path", "unknown"),
    [
        ("/shops/99/summary", ["shop_id"]),
        ("/shops/99/items/5037/history", ["shop_id"]),
        ("/shops/57/items/404/history", ["item_id"]),
    ],
)
def test_what_is_unknown_is_named(planner: Client, path: str, unknown: list[str]) -> None:
    answer = planner.get(path)
    assert (answer.status_code, answer.json()["unknown"]) == (404, unknown)


@pytest.mark.parametrize(
    "path",
    ["/shops?q=a", "/items?q=a", "/shops/57/summary", "/shops/57/items/7/history"],
)
def test_an_unchanged_answer_has_no_body(planner: Client, path: str) -> None:
    answer = planner.get(path)
    again = planner.get(path, headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_a_lake_with_forecasts_alone_is_shown_without_history(
    published: PublishedLake, app: FastAPI, client: Client
) -> None:
    published.publish("v1", forecast())
    app.state.store.refresh()
    history = client.get("/shops/57/items/5037/history").json()
    assert (history["months"], len(history["forecasts"])) == ([], 1)
    summary = client.get("/shops/57/summary").json()
    assert (summary["months"], summary["misses_month"], summary["misses"]) == ([], None, [])
    assert client.get("/items?q=5037&shop_id=57").json()["items"][0]["item_id"] == "5037"
    assert client.get("/status.json").json()["scores"] == []


def test_status_answers_where_nothing_is_served(client: Client) -> None:
    status = client.get("/status.json").json()
    assert status["served"] is None
    assert status["fault"]


def test_status_joins_served_and_naive_scores(planner: Client) -> None:
    status = planner.get("/status.json").json()
    assert status["served"]["version"] == version_of(CUTOFF)
    assert (status["last_closed"], status["open_month"]) == ("2015-10", "2015-11")
    newest = status["scores"][0]
    assert (newest["month"], newest["wape"], newest["naive_wape"]) == ("2015-10", 0.31, 0.42)


def test_a_lake_that_cannot_be_read_keeps_the_page_as_it_was(
    published: PublishedLake, app: FastAPI, client: Client
) -> None:
    published.publish("v1", forecast())
    app.state.store.refresh()
    log = published.folder / "gold" / "forecast_versions" / "_delta_log"
    newest = max(log.glob("*.json"))
    app.state.page_reader = PageReader(published.lake, refresh_seconds=0.0)
    before = client.get("/shops/57/summary")
    newest.with_name(f"{int(newest.stem) + 1:020}.json").write_bytes(b"")
    assert client.get("/shops/57/summary").content == before.content
    app.state.page_reader = PageReader(published.lake, refresh_seconds=0.0)
    answer = client.get("/shops/57/summary")
    assert answer.status_code == 503
    assert str(published.folder) not in answer.text
    assert client.get("/status.json").json()["fault"]


def test_status_leads_from_the_served_version_back_to_its_sales(planner: Client) -> None:
    trace = planner.get("/status.json").json()["trace"]
    assert trace["version"] == version_of(CUTOFF)
    assert trace["sales_version"] == 12
    commands = [run["command"] for run in trace["runs"]]
    assert commands == ["forecast", "build_panel", "build_features", "ingest_history"]
    assert trace["runs"][-1]["writes"] == {"silver.daily_sales": 12}
    assert "host" not in str(trace)
