"""POST /predict answers many pairs as GET answers each of them."""

import json
from datetime import date
from typing import Any

import httpx
import pyarrow as pa
import pytest
from asking import Client, without_request
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from published import PublishedLake, forecast, shop

from serving.lookup import bulk_routes, pairs
from serving.lookup.bulk import ARROW, JSON, NDJSON
from serving.lookup.store import Store

DECEMBER = date(2015, 12, 1)
SHOPS = st.sampled_from(["57", "0", "6", "99", "57.0", 'a"b'])
ITEMS = st.sampled_from(["5037", "7", "9", "9.0", "x", 'a"b'])
PAIRS = st.lists(st.tuples(SHOPS, ITEMS), min_size=1, max_size=12)


@pytest.fixture(autouse=True)
def _loaded(published: PublishedLake, store: Store) -> None:
    if store.state.snapshot is None:
        rows = [forecast("57", "5037", month=DECEMBER, horizon=2, units=0.25), forecast()]
        others = [forecast("57", "7", p10=1.0), forecast('a"b', 'a"b'), forecast("6", "9")]
        published.publish("v1", *rows, *others)
        published.set_shops(shop("57"), shop("0", alias_of="57"))
        store.refresh()


def ask(
    client: Client, listed: list[tuple[str, str]], accept: str | None = None, **more: Any
) -> httpx.Response:
    question = {"pairs": [{"shop_id": s, "item_id": i} for s, i in listed], **more}
    headers = {"X-Request-ID": "bulk"} | ({} if accept is None else {"Accept": accept})
    return client.request("POST", "/predict", json=question, headers=headers)


def answered_alone(client: Client, shop_id: str, item_id: str, month: str | None) -> dict[str, Any]:
    """Ask for one pair, in the form in which bulk answers have it."""
    params = {"shop_id": shop_id, "item_id": item_id, **({"month": month} if month else {})}
    answer = client.get("/predict", params=params)
    document = answer.json()
    if answer.status_code == 404:
        ids = {"57.0": "57", "9.0": "9"}
        named = ids.get(shop_id, shop_id), ids.get(item_id, item_id)
        shop_id, item_id = ("57" if named[0] == "0" else named[0]), named[1]
        version = {"version": "v1", "cutoff": "2015-10", "stale": False}
        pair = {"shop_id": shop_id, "item_id": item_id, **version}
        return {**pair, "unknown": document["unknown"], "forecasts": []}
    del document["asked"], document["shop_name"]
    return {**document, "unknown": None}


@settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(PAIRS, st.sampled_from([None, "2015-11", "2015-12", "2016-01"]))
def test_every_pair_is_answered_in_order_as_it_is_alone(
    client: Client, listed: list[tuple[str, str]], month: str | None
) -> None:
    more = {} if month is None else {"month": month}
    answer = ask(client, listed, **more)
    assert answer.status_code == 200, answer.text
    expected = [answered_alone(client, *pair, month) for pair in listed]
    document = answer.json()
    assert document.pop("predictions") == expected
    assert document == {"version": "v1", "cutoff": "2015-10", "stale": False}


@settings(
    deadline=None, max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(PAIRS)
def test_every_representation_has_the_same_forecasts(
    client: Client, listed: list[tuple[str, str]]
) -> None:
    expected = ask(client, listed, JSON).json()["predictions"]
    lines = ask(client, listed, NDJSON)
    assert lines.headers["content-type"] == NDJSON
    assert [json.loads(line) for line in lines.text.splitlines()] == expected
    arrow = ask(client, listed, ARROW)
    assert arrow.headers["content-type"] == ARROW
    rows = pa.ipc.open_stream(arrow.content).read_all().to_pylist()
    assert [row_of_json(place, *row) for place, row in rows_of_json(expected)] == [
        row_of_arrow(row) for row in rows
    ]


def rows_of_json(expected: list[dict[str, Any]]) -> list[tuple[int, tuple[Any, Any]]]:
    return [
        (place, (pair, row))
        for place, pair in enumerate(expected)
        for row in pair["forecasts"] or [None]
    ]


def row_of_json(place: int, pair: dict[str, Any], row: dict[str, Any] | None) -> list[Any]:
    unknown = ",".join(pair["unknown"]) if pair["unknown"] else None
    of_row = [None] * 5
    if row is not None:
        of_row = [row["month"], row["units"], row["p10"], row["rung"], pair["version"]]
    return [place, pair["shop_id"], pair["item_id"], unknown, *of_row]


def row_of_arrow(row: dict[str, Any]) -> list[Any]:
    month, units = row["month"], row["units"]
    return [
        *(row[name] for name in ("pair", "shop_id", "item_id", "unknown")),
        month and f"{month:%Y-%m}",
        units and pytest.approx(units, rel=1e-6),
        *(row[name] for name in ("p10", "rung", "version")),
    ]


@pytest.mark.parametrize("accept", [JSON, NDJSON, ARROW])
def test_an_answer_in_blocks_equals_one_in_a_piece(
    client: Client, monkeypatch: pytest.MonkeyPatch, accept: str
) -> None:
    listed = [("57", "5037"), ("x", "x"), ("6", "9"), ("57", "7"), ("0", "5037")]
    whole = ask(client, listed, accept)
    monkeypatch.setattr(pairs, "BLOCK_PAIRS", 2)
    monkeypatch.setattr(bulk_routes, "BLOCK_PAIRS", 2)
    in_blocks = ask(client, listed, accept)
    if accept == ARROW:
        tables = [pa.ipc.open_stream(each.content).read_all() for each in (whole, in_blocks)]
        assert tables[0].equals(tables[1])
    else:
        assert in_blocks.content == whole.content


@settings(
    deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(PAIRS)
def test_both_ways_answer_the_same(client: Client, listed: list[tuple[str, str]]) -> None:
    answer = ask(client, listed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bulk_routes, "read_plainly", lambda *_: None)
        expected = ask(client, listed)
    assert without_request(answer) == without_request(expected)


@pytest.mark.parametrize(
    ("question", "parameter"),
    [
        ({}, "pairs"),
        ({"pairs": []}, "pairs"),
        ({"pairs": [{"shop_id": "57"}]}, "pairs.0.item_id"),
        ({"pairs": [{"shop_id": "57", "item_id": "5037"}, 7]}, "pairs.1"),
        ({"pairs": [{"shop_id": 57, "item_id": "5037"}]}, "pairs.0.shop_id"),
        ({"pairs": [{"shop_id": "57", "item_id": "NaN"}]}, "pairs.0.item_id"),
        ({"pairs": [{"shop_id": "57", "item_id": "1", "month": "x"}]}, "pairs.0.month"),
        ({"pairs": [{"shop_id": "57", "item_id": "1"}], "month": "x"}, "month"),
        ({"pairs": [{"shop_id": "57", "item_id": "1"}], "other": 1}, "other"),
        ({"pairs": [{"shop_id": "57", "item_id": "1"}] * 50_001}, "pairs"),
    ],
)
def test_a_bad_question_is_refused_by_place(
    client: Client, question: dict[str, Any], parameter: str
) -> None:
    answer = client.request("POST", "/predict", json=question)
    assert answer.status_code == 422
    assert [fault["parameter"] for fault in answer.json()["errors"]] == [parameter]


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"null", b'"pairs"', b'{"pairs":{"a":1}}'])
def test_what_is_no_question_is_refused(client: Client, content: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    answer = client.request("POST", "/predict", content=content, headers=headers)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_representation_that_is_not_offered_is_refused(client: Client) -> None:
    answer = ask(client, [("57", "5037")], "text/html")
    assert answer.status_code == 406
    assert "application/x-ndjson" in answer.json()["detail"]


def test_what_is_posted_is_not_cached(client: Client) -> None:
    answer = ask(client, [("57", "5037")])
    assert answer.headers["cache-control"] == "no-store"
    assert "etag" not in answer.headers
