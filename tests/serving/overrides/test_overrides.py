"""Planners' numbers: checked, stored in one commit, shown beside the model's, exported."""

import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import date
from typing import Any

import httpx
import pyarrow as pa
import pytest
from asking import Client
from published import PublishedLake, forecast

from lakehouse.delta import log
from lakehouse.delta.deletes import delete_rows
from lakehouse.delta.numbered import append_numbered
from lakehouse.overrides import read_overrides
from lakehouse.tables.overrides import OVERRIDES
from serving.lookup.store import Store

DECEMBER = date(2015, 12, 1)
PAIR = "/predict?shop_id=57&item_id=5037"
PLANNED = {"shop_id": "57", "item_id": "5037", "month": "2015-11", "units": 12.5}
ROW = {**PLANNED, "reason": "promotion", "comment": "flyer of week 46"}


class Planner:
    def __init__(self, client: Client, key: str) -> None:
        self.client, self.key = client, key

    def put(self, body: Any, media: str | None = None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.key}"}
        if media is not None:
            headers["Content-Type"] = media
            return self.client.request("PUT", "/overrides", content=body, headers=headers)
        return self.client.request("PUT", "/overrides", json=body, headers=headers)

    def list(self, path: str = "/overrides") -> list[dict[str, Any]]:
        answer = self.client.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()["overrides"]


@pytest.fixture
def planner(
    published: PublishedLake, store: Store, client: Client, create_key: Callable[..., str]
) -> Planner:
    december = {"month": DECEMBER, "horizon": 2}
    rows = [forecast(item_id=item, **later) for item in ("5037", "=9") for later in ({}, december)]
    published.publish("v1", *rows)
    store.refresh()
    return Planner(client, create_key("override"))


def counts(answer: httpx.Response) -> tuple[int, int, int, int]:
    verdicts = answer.json()
    names = ("read", "accepted", "unchanged", "rejected")
    return tuple(verdicts[name] for name in names)  # type: ignore[return-value]


def test_an_override_is_shown_beside_the_model_s_number_which_stays(planner: Planner) -> None:
    before = planner.client.get(PAIR)
    answer = planner.put([ROW])
    assert (answer.status_code, counts(answer)) == (200, (1, 1, 0, 0))
    after = planner.client.get(PAIR)
    assert after.headers["etag"] != before.headers["etag"]
    november, december = after.json()["forecasts"]
    assert november["units"] == before.json()["forecasts"][0]["units"] == 1.3
    assert november["override"] == {
        "units": 12.5,
        "reason": "promotion",
        "comment": "flyer of week 46",
        "author": "tests",
        "recorded_at": "2015-12-31T23:00:00Z",
    }
    assert december["override"] is None
    assert before.json()["forecasts"][0]["override"] is None


def test_every_representation_shows_the_override(planner: Planner) -> None:
    planner.put([{**ROW, "shop_id": "0"}, {**ROW, "item_id": "=9", "month": "2015-12"}])
    single = planner.client.get(PAIR).json()["forecasts"]
    pairs = {"pairs": [{"shop_id": "57", "item_id": item} for item in ("5037", "unknown", "=9")]}
    whole = planner.client.request("POST", "/predict", json=pairs)
    lines = planner.client.request(
        "POST", "/predict", json=pairs, headers={"Accept": "application/x-ndjson"}
    )
    predictions = whole.json()["predictions"]
    assert predictions == [json.loads(line) for line in lines.text.splitlines()]
    assert predictions[0]["forecasts"] == single
    assert shown(predictions) == {"5037": [True, False], "unknown": [], "=9": [False, True]}
    items = planner.client.get("/shops/57/forecasts").json()["items"]
    assert shown(items) == {"5037": [True, False], "=9": [False, True]}
    arrow = planner.client.get("/forecasts.arrow")
    rows = pa.ipc.open_stream(arrow.content).read_all().to_pylist()
    assert [(r["item_id"], r["month"].month, r["override_units"]) for r in rows] == [
        ("5037", 11, 12.5),
        ("5037", 12, None),
        ("=9", 11, None),
        ("=9", 12, 12.5),
    ]
    assert rows[0]["override_comment"] == "flyer of week 46"
    assert "12.5" in planner.client.get("/shops/57/forecasts.csv").text
    assert planner.client.get("/shops/57/forecasts.xlsx").status_code == 200


def shown(items: list[dict[str, Any]]) -> dict[str, list[bool]]:
    """Return which months of each item have an override."""
    return {
        item["item_id"]: [month["override"] is not None for month in item["forecasts"]]
        for item in items
    }


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"month": "2015-10"}, "month", "closed"),
        ({"month": "2016-01"}, None, "not_forecast"),
        ({"item_id": "unknown"}, None, "not_forecast"),
        ({"units": -1}, "units", "out_of_bounds"),
        ({"units": "12"}, "units", "float_type"),
        ({"units": False}, "units", "float_type"),
        ({"reason": None}, "reason", "unknown_reason"),
        ({"reason": "feeling"}, "reason", "unknown_reason"),
        ({"comment": "x" * 501}, "comment", "string_too_long"),
        ({"month": "11/2015"}, "month", "value_error"),
        ({"shop_id": ""}, "shop_id", "value_error"),
    ],
)
def test_a_row_that_breaks_a_rule_is_named_and_not_stored(
    planner: Planner, published: PublishedLake, change: dict[str, Any], field: str, code: str
) -> None:
    good = {**ROW, "item_id": "=9"}
    answer = planner.put([good, {**ROW, **change}])
    assert (answer.status_code, counts(answer)) == (200, (2, 1, 0, 1))
    (fault,) = answer.json()["errors"]
    assert (fault["line"], fault["field"], fault["code"]) == (2, field, code)
    assert [o.item_id for o in read_overrides(published.lake)] == ["=9"]
    alone = planner.put([{**ROW, **change}])
    assert (alone.status_code, alone.json()["verdicts"]["rejected"]) == (422, 1)


def test_a_cell_named_twice_is_rejected_the_second_time(planner: Planner) -> None:
    answer = planner.put([ROW, {**ROW, "shop_id": "0", "units": 1}])
    assert counts(answer) == (2, 1, 0, 1)
    assert answer.json()["errors"][0]["code"] == "repeated"


def test_a_repeated_request_changes_nothing_and_history_keeps_every_row(
    planner: Planner, published: PublishedLake
) -> None:
    first, again = planner.put([ROW]), planner.put([ROW])
    assert (first.json()["change"], again.json()["change"]) == (1, None)
    assert counts(again) == (1, 0, 1, 0)
    planner.put([{**ROW, "units": 3}])
    planner.put([{**ROW, "units": None}])
    assert counts(planner.put([{**ROW, "units": None}])) == (1, 0, 1, 0)
    assert planner.list() == []
    history = planner.list("/overrides/history")
    assert [(row["change"], row["units"]) for row in history] == [(3, None), (2, 3.0), (1, 12.5)]
    assert [row["forecast"] for row in history] == [pytest.approx(1.3)] * 3
    assert planner.client.get(PAIR).json()["forecasts"][0]["override"] is None
    assert log.row_count(published.lake, OVERRIDES) == 3


def test_erased_overrides_are_no_longer_shown(
    planner: Planner, published: PublishedLake, store: Store
) -> None:
    other = {**ROW, "item_id": "=9"}
    planner.put([ROW, other])
    shown = planner.client.get(PAIR)
    gone = read_overrides(published.lake, [("item_id", "=", "5037")])
    delete_rows(published.lake, OVERRIDES, pa.Table.from_pylist([asdict(gone[0])]))
    store.refresh()
    after = planner.client.get(PAIR, headers={"If-None-Match": shown.headers["etag"]})
    assert after.status_code == 200
    assert shown.json()["forecasts"][0]["override"] is not None
    assert after.json()["forecasts"][0]["override"] is None
    assert [row["item_id"] for row in planner.list()] == ["=9"]


def test_the_exported_file_can_be_sent_back_and_holds_no_formula(planner: Planner) -> None:
    planner.put([{**ROW, "item_id": "=9", "comment": "=1+1"}, {**ROW, "comment": "'a', \"b\"\n"}])
    exported = planner.client.get("/overrides.csv")
    assert exported.headers["content-type"].startswith("text/csv")
    assert all(
        not cell.startswith(("=", "+", "-", "@"))
        for line in exported.text.splitlines()
        for cell in line.split(",")
    )
    assert counts(planner.put(exported.content, "text/csv")) == (2, 0, 2, 0)
    edited = exported.text.replace("12.5", "20")
    assert counts(planner.put(edited.encode(), "text/csv; charset=utf-8")) == (2, 2, 0, 0)
    assert [row["units"] for row in planner.list()] == [20.0, 20.0]
    assert [row["comment"] for row in planner.list()] == ["'a', \"b\"", "=1+1"]
    assert counts(planner.put(edited.replace("20,", ",").encode(), "text/csv"))[1] == 2
    assert planner.list() == []


@pytest.mark.parametrize(
    ("body", "media", "status"),
    [
        (b"{}", "application/json", 422),
        (b"[", "application/json", 422),
        (b"[" * 100_000, "application/json", 422),
        (b"shop_id,units\n1,2\n", "text/csv", 422),
        (b"\xff", "text/csv", 422),
        (b"a", "text/plain", 415),
        (b"[" + b"1," * 10_000 + b"1]", "application/json", 422),
    ],
)
def test_a_body_that_cannot_be_read_is_refused_as_a_whole(
    planner: Planner, body: bytes, media: str, status: int
) -> None:
    answer = planner.put(body, media)
    assert (answer.status_code, answer.headers["content-type"]) == (
        status,
        "application/problem+json",
    )


def test_no_rows_change_nothing(planner: Planner) -> None:
    assert counts(planner.put([])) == (0, 0, 0, 0)


def test_lists_come_in_pages_and_by_shop_item_and_month(planner: Planner) -> None:
    planner.put([ROW, {**ROW, "month": "2015-12"}, {**ROW, "item_id": "=9"}])
    page = planner.client.get("/overrides?limit=2").json()
    rest = planner.client.get(f"/overrides?limit=2&cursor={page['next']}").json()
    assert rest["next"] is None
    cells = [(row["item_id"], row["month"]) for row in page["overrides"] + rest["overrides"]]
    assert cells == [("5037", "2015-11"), ("5037", "2015-12"), ("=9", "2015-11")]
    assert len(planner.list("/overrides?shop_id=0&item_id=5037&month=2015-12")) == 1
    assert planner.client.get("/overrides?shop=1").status_code == 422


def test_overriding_needs_a_key_of_its_scope(
    client: Client, create_key: Callable[..., str]
) -> None:
    assert Planner(client, create_key("write")).put([ROW]).status_code == 403
    assert client.request("PUT", "/overrides", json=[ROW]).status_code == 401


@pytest.mark.parametrize("is_another_process", [True, False])
def test_of_two_commits_at_the_same_time_the_later_one_gets_the_next_number(
    planner: Planner, published: PublishedLake, is_another_process: bool
) -> None:
    planner.put([ROW])
    rows = pa.Table.from_pylist([vars(read_overrides(published.lake)[0])], OVERRIDES.schema)
    tried: list[int] = []

    def rows_of(number: int) -> pa.Table:
        tried.append(number)
        if len(tried) == 1:
            if is_another_process:
                log.forget()  # the table is opened anew, as by another process
            append_numbered(published.lake, OVERRIDES, "overrides", lambda _: rows)
            log.forget()
        return rows

    assert append_numbered(published.lake, OVERRIDES, "overrides", rows_of) == 3
    assert tried == [2, 3]
