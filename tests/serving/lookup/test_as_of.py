"""as_of answers with the bytes of then; tags differ by representation and staleness."""

import time
from datetime import UTC, date, datetime, timedelta

import pytest
from asking import Client
from fastapi import FastAPI
from published import PublishedLake, forecast, shop

from lakehouse.overrides import Override, append_overrides
from serving.app import create_app, utc_now
from serving.lookup.store import Store
from serving.settings import ServingSettings

PAIR = "/predict?shop_id=0&item_id=5037"
PATHS = (PAIR, "/shops/57/forecasts", "/shops/57/forecasts.csv", "/forecasts.arrow")


@pytest.fixture
def app(settings: ServingSettings) -> FastAPI:
    return create_app(settings, clock=utc_now)


def bodies(client: Client, as_of: datetime | None = None) -> list[bytes]:
    params = {} if as_of is None else {"as_of": as_of.isoformat()}
    answers = [client.get(path, params={**httpx_params(path), **params}) for path in PATHS]
    pairs = {"pairs": [{"shop_id": "0", "item_id": "5037"}, {"shop_id": "x", "item_id": "y"}]}
    answers.append(client.request("POST", "/predict", json=pairs, params=params))
    assert [answer.status_code for answer in answers] == [200] * len(answers), answers[0].text
    return [answer.content for answer in answers]


def httpx_params(path: str) -> dict[str, str]:
    """Return the parameters of a path, which httpx would drop for others."""
    _, _, query = path.partition("?")
    return dict(part.split("=") for part in query.split("&")) if query else {}


def instant() -> datetime:
    """Return a time between what was written before and what is written after."""
    time.sleep(0.02)
    now = utc_now()
    time.sleep(0.02)
    return now


def test_as_of_has_the_bytes_of_then_withdrawn_versions_too(
    published: PublishedLake, store: Store, client: Client
) -> None:
    served: list[tuple[datetime, list[bytes]]] = []

    def serve() -> None:
        store.refresh()
        answered = bodies(client)
        served.append((instant(), answered))

    published.publish("v1", forecast(units=1), published_at=utc_now())
    serve()
    published.set_shops(shop("57", name="New name"), shop("0", alias_of="57"))
    serve()
    published.publish("v2", forecast(units=2), published_at=utc_now())
    serve()
    published.withdraw("v2", utc_now())
    serve()
    cell = ("57", "5037", date(2015, 11, 1))
    planned = Override(*cell, 9.5, "event", None, "ann", utc_now(), "v1", 1.0)
    append_overrides(published.lake, [planned])
    serve()
    published.publish("v3", forecast(units=3), published_at=utc_now())
    store.refresh()
    assert len({tuple(answered) for _, answered in served}) == 4
    assert served[3][1] == served[1][1], "the version before is served again"
    for at, answered in served:
        assert bodies(client, at) == answered


def test_an_instant_before_the_first_version_is_not_kept(
    published: PublishedLake, store: Store, client: Client
) -> None:
    published.publish("v1", forecast(), published_at=utc_now())
    store.refresh()
    gone = client.get(PAIR + "&as_of=2015-01-01T00:00:00Z")
    assert gone.status_code == 404
    assert gone.json()["type"] == "tag:shopcast,2026:not-kept"
    assert gone.json()["detail"] == "Nothing was served at 2015-01-01T00:00:00Z."


def test_an_instant_in_the_future_is_not_kept(
    published: PublishedLake, store: Store, client: Client
) -> None:
    published.publish("v1", forecast())
    store.refresh()
    refused = client.get(PAIR + "&as_of=9999-01-01T00:00:00Z")
    assert refused.status_code == 404
    assert "is in the future; name a past instant" in refused.json()["detail"]


def test_shops_that_are_not_kept_are_said_without_a_path(
    published: PublishedLake, store: Store, client: Client
) -> None:
    published.publish("v1", forecast())  # in 2015, before the table of shops was made
    store.refresh()
    gone = client.get(PAIR + "&as_of=2016-01-01T00:00:00Z")
    assert gone.status_code == 404
    assert gone.json()["detail"].startswith("The lake/silver/shops: its state at 2016-01-01")


@pytest.mark.parametrize(
    ("as_of", "part"),
    [
        ("2015-11-20", "as_of"),
        ("2015-11-20T09:00:00", "as_of"),
        ("yesterday", "as_of"),
        ("0.5", "as_of"),
        ("1448010000", "as_of"),
    ],
)
def test_an_instant_needs_a_day_a_time_and_a_zone(
    published: PublishedLake, store: Store, client: Client, as_of: str, part: str
) -> None:
    published.publish("v1", forecast())
    store.refresh()
    refused = client.get(PAIR + f"&as_of={as_of}")
    assert refused.status_code == 422
    assert part in refused.json()["detail"]


@pytest.mark.parametrize(
    ("max_age_months", "stale_from"),
    [(None, datetime(2016, 1, 1, tzinfo=UTC)), (1, datetime(2015, 12, 1, tzinfo=UTC))],
)
def test_forecasts_are_stale_when_the_cutoff_is_too_old(
    published: PublishedLake,
    settings: ServingSettings,
    max_age_months: int | None,
    stale_from: datetime,
) -> None:
    published.publish("v1", forecast())
    settings = settings.model_copy(update={"max_age_months": max_age_months})
    now = [stale_from - timedelta(seconds=1)]
    app = create_app(settings, clock=lambda: now[0])
    app.state.store.refresh()
    client = Client(app)
    fresh = client.get(PAIR)
    now[0] = stale_from
    stale = client.get(PAIR, headers={"If-None-Match": fresh.headers["etag"]})
    assert (fresh.json()["stale"], stale.json()["stale"]) == (False, True)
    assert fresh.headers["etag"] != stale.headers["etag"]
    again = client.get(PAIR, headers={"If-None-Match": stale.headers["etag"]})
    assert again.status_code == 304


def test_each_representation_has_its_etag(
    published: PublishedLake, store: Store, client: Client
) -> None:
    published.publish("v1", forecast())
    store.refresh()
    paths = (*PATHS, "/shops/57/forecasts.xlsx", "/forecasts.parquet", "/forecasts.csv")
    answers = [client.get(path) for path in paths]
    tags = [answer.headers["etag"] for answer in answers]
    # The CSV of a shop and of the version are two resources.
    assert len(set(tags)) == len(tags) - 1
    assert {answer.headers["vary"] for answer in answers} == {"Accept, Accept-Encoding"}


@pytest.mark.parametrize(("reads", "scope"), [("open", "public"), ("keys", "private")])
def test_only_answers_that_need_no_key_are_kept_by_shared_caches(
    published: PublishedLake, settings: ServingSettings, reads: str, scope: str
) -> None:
    published.publish("v1", forecast())
    app = create_app(settings.model_copy(update={"reads": reads}), clock=utc_now)
    app.state.store.refresh()
    view = app.state.views.served()
    assert view.cache_control == f"{scope}, max-age=30"
