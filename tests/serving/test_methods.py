"""Methods of HTTP: HEAD on every path that has GET, and refusals that name what is allowed."""

import pytest
from asking import Client
from published import PublishedLake, forecast

from serving.lookup.store import Store

PAIR = "/predict?shop_id=57&item_id=5037"


@pytest.mark.parametrize(
    "path", [PAIR, "/shops/57/forecasts", "/forecasts.csv", "/healthz", "/nothing", "/docs"]
)
def test_head_has_the_headers_of_get_and_no_body(
    published: PublishedLake, store: Store, client: Client, path: str
) -> None:
    published.publish("v1", forecast())
    store.refresh()
    got, headed = client.get(path), client.request("HEAD", path)
    assert headed.status_code == got.status_code
    assert headed.content == b""
    own = {"x-request-id", "content-length"} if got.status_code == 404 else {"x-request-id"}
    assert {n: v for n, v in headed.headers.items() if n not in own} == {
        n: v for n, v in got.headers.items() if n not in own
    }


def test_a_log_line_and_metrics_count_head_by_its_route(client: Client) -> None:
    client.request("HEAD", "/shops/57/forecasts")
    assert 'route="/shops/{shop_id:path}/forecasts"' in client.get("/metrics").text


@pytest.mark.parametrize(
    ("path", "allowed"), [("/predict", "GET, HEAD, POST"), ("/docs", "GET, HEAD")]
)
def test_a_refused_method_names_the_allowed_ones(client: Client, path: str, allowed: str) -> None:
    for method in ("DELETE", "OPTIONS", "PUT"):
        refused = client.request(method, path)
        assert refused.status_code == 405
        assert refused.headers["allow"] == allowed


def test_a_body_that_is_no_json_is_told_from_a_wrong_media_type(
    published: PublishedLake, store: Store, client: Client
) -> None:
    published.publish("v1", forecast())
    store.refresh()
    headers = {"Content-Type": "application/json"}
    broken = client.request("POST", "/predict", content='{"pairs": [', headers=headers)
    assert broken.json()["detail"].startswith("body: no JSON at character 11: ")
    form = client.request("POST", "/predict", data={"pairs": "1"})
    assert form.json()["errors"] == [
        {
            "parameter": "body",
            "detail": "send a JSON object as application/json, "
            "not application/x-www-form-urlencoded",
        }
    ]


def test_a_month_of_another_form_is_answered_with_the_right_one(client: Client) -> None:
    refused = client.get(f"{PAIR}&month=2015")
    assert refused.json()["detail"] == "month: '2015' is no month: write YYYY-MM, such as 2015-11"
