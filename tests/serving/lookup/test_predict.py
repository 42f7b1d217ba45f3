"""What /predict answers."""

from datetime import date

import pytest
from asking import Client
from httpx import Response
from published import PublishedLake, forecast, shop

from serving.lookup.store import Store

PAIR = {"shop_id": "57", "item_id": "5037"}
DECEMBER = date(2015, 12, 1)


@pytest.fixture(autouse=True)
def _loaded(published: PublishedLake, store: Store) -> None:
    december = forecast(
        month=DECEMBER, horizon=2, units=0.25, p50=0.5, rung="category", model="run-2"
    )
    published.publish("v1", december, forecast(), forecast("57", "7"), forecast("6", "9"))
    store.refresh()


def problem(response: Response, status: int) -> dict[str, object]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["cache-control"] == "no-store"
    document = response.json()
    assert document["status"] == status
    assert document["instance"] == response.url.path
    return dict(document)


def test_a_pair_is_answered_with_all_that_explains_it(client: Client) -> None:
    assert client.get("/predict", params=PAIR).json() == {
        "asked": PAIR,
        **PAIR,
        "shop_name": "Shop 57",
        "version": "v1",
        "cutoff": "2015-10",
        "stale": False,
        "forecasts": [
            {
                "month": "2015-11",
                "horizon": 1,
                "units": 1.3,
                "p10": None,
                "p50": None,
                "p90": None,
                "p95": None,
                "rung": "own history",
                "model": "run-1",
                "generated_at": "2015-11-03T02:00:00Z",
                "override": None,
            },
            {
                "month": "2015-12",
                "horizon": 2,
                "units": 0.25,
                "p10": None,
                "p50": 0.5,
                "p90": None,
                "p95": None,
                "rung": "category",
                "model": "run-2",
                "generated_at": "2015-11-03T02:00:00Z",
                "override": None,
            },
        ],
    }


def test_a_month_is_answered_alone(client: Client) -> None:
    answer = client.get("/predict", params={**PAIR, "month": "2015-12"}).json()
    assert [f["month"] for f in answer["forecasts"]] == ["2015-12"]


def test_another_name_of_a_shop_has_its_forecasts(client: Client) -> None:
    answer = client.get("/predict", params={**PAIR, "shop_id": "0"}).json()
    assert answer["asked"] == {**PAIR, "shop_id": "0"}
    assert answer["shop_id"] == "57"
    assert answer["shop_name"] == "Shop 57"
    assert answer["forecasts"] == client.get("/predict", params=PAIR).json()["forecasts"]


def test_a_shop_without_a_name_has_none(client: Client) -> None:
    assert (
        client.get("/predict", params={"shop_id": "6", "item_id": "9"}).json()["shop_name"] is None
    )


def test_spaces_around_an_id_do_not_count(client: Client) -> None:
    answer = client.get("/predict", params={"shop_id": " 57", "item_id": "5037\n"})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("asked", "unknown", "detail"),
    [
        ({"shop_id": "99"}, ["shop_id"], "Shop '99': unknown to"),
        ({"item_id": "99"}, ["item_id"], "Item '99': unknown to"),
        (
            {"shop_id": "x", "item_id": "y"},
            ["shop_id", "item_id"],
            "Shop 'x' and item 'y': unknown",
        ),
        ({"item_id": "9"}, ["pair"], "Shop '57' and item '9' are no pair of"),
        (
            {"shop_id": "0", "item_id": "9"},
            ["pair"],
            "Shop '0' (another name of '57') and item '9'",
        ),
        ({"month": "2016-01"}, ["month"], "2016-01 is not forecast; the pair has 2015-11, 2015-12"),
    ],
)
def test_what_is_not_forecast_is_named(
    client: Client, asked: dict[str, str], unknown: list[str], detail: str
) -> None:
    document = problem(client.get("/predict", params={**PAIR, **asked}), 404)
    assert document["type"] == "tag:shopcast,2026:not-forecast"
    assert document["unknown"] == unknown
    assert detail in str(document["detail"])


@pytest.mark.parametrize(("item", "unknown"), [("5037", 1), ("99", 2)])
@pytest.mark.parametrize("name", ["8", "08"])
def test_a_shop_that_is_listed_and_not_forecast_is_told_from_one_that_nobody_knows(
    published: PublishedLake, store: Store, client: Client, name: str, item: str, unknown: int
) -> None:
    before = client.get("/predict", params=PAIR).headers["etag"]
    published.set_shops(shop("57"), shop("8", name=None), shop("08", alias_of="8"))
    store.refresh()
    document = problem(client.get("/predict", params={"shop_id": name, "item_id": item}), 404)
    assert document["unknown"] == ["shop_id", "item_id"][:unknown]
    assert "is a known shop, but not in the forecasts of version v1" in str(document["detail"])
    assert ("item '99' is unknown" in str(document["detail"])) is (unknown == 2)
    assert client.get("/predict", params=PAIR).headers["etag"] != before


@pytest.mark.parametrize(
    ("asked", "parameter"),
    [
        ({"shop_id": "57"}, "item_id"),
        ({"item_id": "5037"}, "shop_id"),
        ({**PAIR, "shop_id": ""}, "shop_id"),
        ({**PAIR, "shop_id": "  "}, "shop_id"),
        ({**PAIR, "item_id": "1" * 129}, "item_id"),
        ({**PAIR, "item_id": "\0"}, "item_id"),
        ({**PAIR, "month": "2015-13"}, "month"),
        ({**PAIR, "month": "0000-01"}, "month"),
        ({**PAIR, "month": "2015-1"}, "month"),
        ({**PAIR, "month": "\uff12\uff10\uff11\uff15-11"}, "month"),
        ({**PAIR, "month": "2015-11\n"}, "month"),
        ({**PAIR, "mnth": "2015-11"}, "mnth"),
    ],
)
def test_a_bad_question_is_told_what_is_wrong(
    client: Client, asked: dict[str, str], parameter: str
) -> None:
    document = problem(client.get("/predict", params=asked), 422)
    assert [fault["parameter"] for fault in document["errors"]] == [parameter]
    assert parameter in str(document["detail"])


@pytest.mark.parametrize("name", ["shop_id", "item_id", "month"])
def test_a_parameter_given_twice_is_refused_by_name(client: Client, name: str) -> None:
    asked = {**PAIR, "month": "2015-11"}
    doubled = [*asked.items(), (name, asked[name])]
    document = problem(client.get("/predict", params=doubled), 422)
    assert document["errors"] == [{"parameter": name, "detail": "given 2 times"}]


@pytest.mark.parametrize("shop_id", ["57.0", "\u00a057", "5\u200b7", "\ufeff57.00"])
def test_an_id_is_asked_in_any_form(client: Client, shop_id: str) -> None:
    answer = client.get("/predict", params={**PAIR, "shop_id": shop_id}).json()
    assert answer["shop_id"] == "57"


def test_ids_of_128_characters_are_asked(client: Client) -> None:
    problem(client.get("/predict", params={**PAIR, "item_id": "1" * 128}), 404)


def test_an_answer_that_the_asker_has_is_not_sent_again(client: Client) -> None:
    first = client.get("/predict", params=PAIR)
    assert first.headers["cache-control"] == "public, max-age=30"
    tag = first.headers["etag"]
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = client.get("/predict", params=PAIR, headers={"If-None-Match": known})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == tag
        assert again.headers["cache-control"] == "public, max-age=30"
    other = client.get("/predict", params=PAIR, headers={"If-None-Match": f'"x{tag[1:]}'})
    assert other.status_code == 200


def test_a_new_version_or_catalogue_is_sent(
    client: Client, published: PublishedLake, store: Store
) -> None:
    for change in (
        lambda: published.publish("v2", forecast(units=9)),
        lambda: published.set_shops(shop("57", name="New name"), shop("0", alias_of="57")),
        lambda: published.set_status("v2", "withdrawn"),
    ):
        known = {"If-None-Match": client.get("/predict", params=PAIR).headers["etag"]}
        assert client.get("/predict", params=PAIR, headers=known).status_code == 304
        change()
        store.refresh()
        assert client.get("/predict", params=PAIR, headers=known).status_code == 200


def test_what_is_not_forecast_is_never_unchanged(client: Client) -> None:
    asked = {**PAIR, "item_id": "99"}
    problem(client.get("/predict", params=asked, headers={"If-None-Match": "*"}), 404)


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/x", 404), ("PUT", "/readyz", 405)]
)
def test_every_error_is_a_problem_document(
    client: Client, method: str, path: str, status: int
) -> None:
    response = client.request(method, path)
    problem(response, status)
    assert (response.headers.get("allow") == "GET, HEAD") == (status == 405)


def test_a_method_that_is_not_allowed_is_told_those_that_are(client: Client) -> None:
    assert client.request("PUT", "/predict").headers["allow"] == "GET, HEAD, POST"


def test_a_defect_tells_the_asker_nothing_of_the_inside(
    client: Client, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    store.state = None
    document = problem(client.get("/predict", params=PAIR), 500)
    assert document["detail"] == "A defect of the program; its log says more."
    assert "AttributeError" in caplog.text
