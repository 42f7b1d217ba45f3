"""The OpenAPI document says what the API does."""

from typing import Any

import pytest
from asking import Client
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from published import CUTOFF, PublishedLake, forecast

from serving.lookup.schemas import Prediction
from serving.lookup.store import Store
from serving.problems import Problem
from streaming.contract import DAILY_SALES, schema

TEXT = st.text(max_size=140) | st.sampled_from(["57", "0", "5037", "6", "9", "2015-11", "2015-12"])
KNOWN = {"shop_id": TEXT, "item_id": TEXT, "month": TEXT}


@pytest.fixture
def document(app: FastAPI) -> dict[str, Any]:
    return app.openapi()


def operations(document: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    return {
        (method, path): operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def test_errors_are_declared_as_problem_documents(document: dict[str, Any]) -> None:
    for named, operation in operations(document).items():
        for status, response in operation["responses"].items():
            if int(status) >= 400 and named[0] != "head":
                assert list(response["content"]) == ["application/problem+json"], named
    assert "HTTPValidationError" not in document["components"]["schemas"]


@pytest.mark.parametrize(
    ("method", "path", "media_types", "statuses"),
    [
        ("get", "/predict", ["application/json"], {200, 304, 404, 422, 503}),
        (
            "post",
            "/predict",
            ["application/json", "application/x-ndjson", "application/vnd.apache.arrow.stream"],
            {200, 404, 406, 413, 422, 503},
        ),
        (
            "get",
            "/shops/{shop_id}/forecasts",
            ["application/json"],
            {200, 304, 404, 422, 503},
        ),
        ("get", "/shops/{shop_id}/forecasts.csv", ["text/csv"], {200, 304, 404, 422, 503}),
        (
            "get",
            "/forecasts.parquet",
            ["application/vnd.apache.parquet"],
            {200, 304, 404, 422, 503},
        ),
        ("get", "/readyz", ["application/json"], {200, 503}),
    ],
)
def test_representations_and_statuses_are_declared(
    document: dict[str, Any], method: str, path: str, media_types: list[str], statuses: set[int]
) -> None:
    responses = operations(document)[method, path]["responses"]
    assert statuses <= set(map(int, responses))
    assert set(responses["200"]["content"]) == set(media_types)
    if "304" in responses:
        assert {"ETag", "Cache-Control"} <= set(responses["200"]["headers"])


def test_generated_clients_get_plain_names(document: dict[str, Any]) -> None:
    ids = [operation["operationId"] for operation in operations(document).values()]
    assert len(ids) == len(set(ids))
    # FastAPI joins two models of one name with their modules.
    assert [name for name in document["components"]["schemas"] if "__" in name] == []


def test_limits_are_declared(document: dict[str, Any]) -> None:
    parameters = {p["name"]: p for p in document["paths"]["/predict"]["get"]["parameters"]}
    assert parameters["shop_id"]["required"]
    assert parameters["item_id"]["schema"]["maxLength"] == 128
    assert not parameters["month"]["required"]


def test_ids_are_declared_as_in_messages(document: dict[str, Any]) -> None:
    parameters = {p["name"]: p for p in document["paths"]["/predict"]["get"]["parameters"]}
    pattern = schema(DAILY_SALES)["$defs"]["id"]["pattern"]
    assert parameters["item_id"]["schema"]["pattern"] == pattern


def test_it_is_told_how_a_plus_is_written(document: dict[str, Any]) -> None:
    parameters = {p["name"]: p for p in document["paths"]["/predict"]["get"]["parameters"]}
    for name in ("shop_id", "item_id"):
        assert "%2B" in parameters[name]["description"]


def test_the_example_is_an_answer(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    example = schemas["Prediction"]["example"]
    assert set(example) == set(schemas["Prediction"]["required"]) == set(Prediction.model_fields)
    assert set(example["forecasts"][0]) == set(schemas["Forecast"]["properties"])
    months = {"cutoff": CUTOFF, "forecasts": [{**example["forecasts"][0], "month": CUTOFF}]}
    Prediction.model_validate({**example, **months})


@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.fixed_dictionaries({}, optional={**KNOWN, "other": TEXT}))
def test_whatever_is_asked_gets_a_declared_answer(
    published: PublishedLake, store: Store, client: Client, asked: dict[str, str]
) -> None:
    if store.state.snapshot is None:
        published.publish("v1", forecast(), forecast("6", "9"))
        store.refresh()
    response = client.get("/predict", params=asked)
    assert response.status_code in {200, 404, 422}
    if response.status_code == 200:
        ids = {"shop_id": asked["shop_id"].strip(), "item_id": asked["item_id"].strip()}
        assert response.json()["asked"] == ids
    else:
        assert Problem.model_validate(response.json()).status == response.status_code
