"""A plain question gets the bytes that FastAPI's way would give, and the same headers."""

import httpx
import pytest
from asking import Client, without_request
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from published import PublishedLake, forecast, shop

from serving.app import create_app
from serving.lookup import routes, short_way
from serving.lookup.store import Store
from serving.settings import ServingSettings

IDS = st.sampled_from(["57", "0", "Ä 1", "a&b", "5%", "x", "57.0", "5037", ""]) | st.text(
    max_size=4
)


@pytest.fixture
def _loaded(published: PublishedLake, store: Store) -> None:
    if store.state.snapshot is None:
        pairs = [("57", "5037"), ("57", "x"), ("Ä 1", "a&b"), ("5%", "57.00"), ("a&b", "5037")]
        published.set_shops(shop("57"), shop("0", alias_of="57"), shop("a&b", name='"quoted"'))
        published.publish("v1", *(forecast(*pair) for pair in pairs))
        store.refresh()


def by_fastapi(client: Client, question: str, headers: dict[str, str]) -> httpx.Response:
    """Ask for the same, so that the short way does not take it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(short_way, "answer_plainly", lambda *_: None)
        return client.get(question, headers=headers)


@pytest.mark.usefixtures("_loaded")
@settings(
    deadline=None, max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(IDS, IDS, st.booleans(), st.booleans())
def test_both_ways_answer_the_same(
    client: Client, shop_id: str, item_id: str, escaped: bool, has_answer: bool
) -> None:
    ids = shop_id + item_id
    if escaped or not (ids.isascii() and ids.isprintable()):
        question = str(httpx.URL("/predict", params={"shop_id": shop_id, "item_id": item_id}))
    else:
        question = f"/predict?shop_id={shop_id}&item_id={item_id}"
    headers = {"X-Request-ID": "plain"} | ({"If-None-Match": "*"} if has_answer else {})
    answer, expected = client.get(question, headers=headers), by_fastapi(client, question, headers)
    assert without_request(answer) == without_request(expected)


@pytest.mark.usefixtures("_loaded")
def test_a_plain_question_does_not_reach_fastapi(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, "find_rows", None)
    assert client.get("/predict?shop_id=57&item_id=5037").status_code == 200
    assert client.get("/predict?shop_id=57&item_id=5037&month=2015-11").status_code == 500


@pytest.mark.usefixtures("_loaded")
def test_a_plain_question_goes_through_fastapi_where_reading_needs_a_key(
    settings: ServingSettings, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    app: FastAPI = create_app(settings.model_copy(update={"reads": "keys"}))
    app.state.store.state = store.state
    monkeypatch.setattr(routes, "find_rows", None)
    assert Client(app).get("/predict?shop_id=57&item_id=5037").status_code != 200
