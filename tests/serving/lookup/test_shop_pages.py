"""A shop's pages together have every forecast of the shop, once, of one version."""

from datetime import date
from typing import Any
from urllib.parse import quote

import pytest
from asking import Client
from published import PublishedLake, forecast, shop

from serving.lookup.store import Store

DECEMBER = date(2015, 12, 1)
ITEMS = [f"item {number:02}" for number in range(7)]


@pytest.fixture(autouse=True)
def _loaded(published: PublishedLake, store: Store) -> None:
    rows = [forecast("57", item, units=n + 0.5) for n, item in enumerate(ITEMS)]
    rows += [forecast("57", item, month=DECEMBER, horizon=2) for item in ITEMS[::2]]
    published.publish("v1", *rows, forecast("58", "other"), forecast("a/b", "1"))
    published.set_shops(shop("57"), shop("0", alias_of="57"), shop("a/b"))
    store.refresh()


def walk(client: Client, path: str, **params: Any) -> list[dict[str, Any]]:
    """Follow the cursors; returns the pages."""
    pages = [client.get(path, params=params).json()]
    while (cursor := pages[-1]["next"]) is not None:
        pages.append(client.get(path, params={**params, "cursor": cursor}).json())
    return pages


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 8])
@pytest.mark.parametrize("month", [None, "2015-11", "2015-12"])
def test_pages_have_what_lookups_have(client: Client, limit: int, month: str | None) -> None:
    of_month = {} if month is None else {"month": month}
    pages = walk(client, "/shops/57/forecasts", limit=limit, **of_month)
    items = [item for page in pages for item in page["items"]]
    expected = ITEMS[::2] if month == "2015-12" else ITEMS
    assert [item["item_id"] for item in items] == expected
    assert all(len(page["items"]) == limit for page in pages[:-1])
    assert 0 < len(pages[-1]["items"]) <= limit
    for item in items:
        asked = {"shop_id": "57", "item_id": item["item_id"], **of_month}
        assert item["forecasts"] == client.get("/predict", params=asked).json()["forecasts"]


def test_a_page_names_where_it_is_from(client: Client) -> None:
    answer = client.get("/shops/0/forecasts", params={"limit": 7})
    document = answer.json()
    assert {name: document[name] for name in document if name != "items"} == {
        "shop_id": "57",
        "shop_name": "Shop 57",
        "version": "v1",
        "cutoff": "2015-10",
        "stale": False,
        "next": None,
    }
    assert "link" not in answer.headers


def test_the_link_leads_to_the_next_page(client: Client) -> None:
    first = client.get("/shops/57/forecasts", params={"limit": 3, "month": "2015-11"})
    link = first.headers["link"]
    assert link.endswith('; rel="next"')
    second = client.get(link.partition(">")[0][1:])
    assert [item["item_id"] for item in second.json()["items"]] == ITEMS[3:6]


def test_a_walk_stays_with_its_version(
    client: Client, published: PublishedLake, store: Store
) -> None:
    first = client.get("/shops/57/forecasts", params={"limit": 3}).json()
    published.publish("v2", forecast("57", ITEMS[5], units=9))
    store.refresh()
    params = {"limit": 3, "cursor": first["next"]}
    second = client.get("/shops/57/forecasts", params=params).json()
    assert second["version"] == "v1"
    assert [item["item_id"] for item in second["items"]] == ITEMS[3:6]
    assert client.get("/shops/57/forecasts").json()["version"] == "v2"
    published.set_status("v1", "withdrawn")
    gone = client.get("/shops/57/forecasts", params=params)
    assert gone.status_code == 404
    assert "Version v1 is not published any more" in gone.json()["detail"]


def test_a_shop_s_id_may_have_a_slash(client: Client) -> None:
    answer = client.get(f"/shops/{quote('a/b')}/forecasts")
    assert [item["item_id"] for item in answer.json()["items"]] == ["1"]


@pytest.mark.parametrize("path", ["/shops/99/forecasts", "/shops/99/forecasts.csv"])
def test_a_shop_that_is_not_forecast_is_not_found(client: Client, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.json()["unknown"]) == (404, ["shop_id"])


@pytest.mark.parametrize(
    ("asked", "part"),
    [
        ({"cursor": "x"}, "cursor"),
        ({"cursor": "WzEsMl0="}, "cursor"),
        ({"cursor": "bnVsbA=="}, "cursor"),
        ({"limit": 0}, "limit"),
        ({"limit": 1001}, "limit"),
        ({"month": "2015"}, "month"),
        ({"page": 2}, "page"),
    ],
)
def test_a_bad_question_is_told_what_is_wrong(
    client: Client, asked: dict[str, Any], part: str
) -> None:
    answer = client.get("/shops/57/forecasts", params=asked)
    assert answer.status_code == 422
    assert part in answer.json()["detail"]
