"""A request has one id in its answer, its problem document and its lines of the log."""

import csv
import json
import logging
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from asking import Client
from fastapi import FastAPI, Request

from serving.app import create_app
from serving.exchange import Lookup, note_lookup
from serving.settings import ServingSettings
from serving.watching.ecs import EcsFormatter
from serving.watching.logs import STANDARD_ERROR

PAIR = "/predict?shop_id=57&item_id=5037"
# Names and types of ECS 8.17 (Apache License 2.0), of the field sets that lines use.
ECS_FIELDS = Path(__file__).parent / "ecs_8_17.csv"
TYPES = {"keyword": str, "match_only_text": str, "wildcard": str, "date": str, "long": int}

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines(app: FastAPI, capsysbinary: pytest.CaptureFixture[bytes]) -> Lines:
    """Returns the lines of requests and predictions since the last call."""

    def read() -> list[dict[str, Any]]:
        app.state.journal.flush()
        STANDARD_ERROR.finish()
        return [json.loads(line) for line in capsysbinary.readouterr().err.splitlines()]

    return read


def require_ecs(line: dict[str, Any]) -> None:
    with ECS_FIELDS.open() as file:
        kinds = {row["field"]: TYPES.get(row["type"], object) for row in csv.DictReader(file)}
    for name, value in line.items():
        assert name == "shopcast" or isinstance(value, kinds[name]), name
    required = {"@timestamp", "log.level", "message", "ecs.version", "service.name"}
    assert required <= set(line)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", line["@timestamp"])


def test_a_request_has_one_id_everywhere(client: Client, lines: Lines) -> None:
    answer = client.get("/nothing", headers={"X-Request-ID": "till-7/42"})
    assert answer.headers["x-request-id"] == "till-7/42"
    assert answer.json()["request_id"] == "till-7/42"
    assert [line["http.request.id"] for line in lines()] == ["till-7/42"]


@pytest.mark.parametrize("given", [None, "", "a b", "x" * 129, 'a"b', "{}", "a\tb"])
def test_an_id_that_could_do_harm_is_replaced(client: Client, given: str | None) -> None:
    headers = {} if given is None else {"X-Request-ID": given}
    ids = {client.get("/healthz", headers=headers).headers["x-request-id"] for _ in range(3)}
    assert len(ids) == 3
    assert all(re.fullmatch("[0-9a-f]{16}-[0-9a-f]+", request_id) for request_id in ids)


def test_each_request_has_one_line_of_ecs_fields(
    client: Client, lines: Lines, create_key: Callable[..., str]
) -> None:
    key = create_key("read")
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    headers = {"Authorization": f"Bearer {key}", "traceparent": f"00-{trace}-00f067aa0ba902b7-01"}
    client.get(PAIR, headers=headers)
    (line,) = lines()
    require_ecs(line)
    assert line["event.dataset"] == "shopcast-api.access"
    assert line["message"] == "GET /predict 503"
    assert line["url.path"] == "/predict"
    assert line["http.response.status_code"] == 503
    assert line["http.response.body.bytes"] > 100
    assert line["event.duration"] > 0
    assert line["user.id"] == key[9:21]
    assert line["trace.id"] == trace


def test_probes_that_succeed_have_no_line(client: Client, lines: Lines) -> None:
    client.get("/healthz")
    assert lines() == []
    client.get("/readyz")
    assert [line["message"] for line in lines()] == ["GET /readyz 503"]


def test_no_line_and_no_answer_has_a_credential_or_a_query(
    client: Client, lines: Lines, create_key: Callable[..., str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "shopcast")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    key = create_key("read")
    written = ""
    for credential in (key, key[:-1], f"{key}x", "x.y.z"):
        headers = {"Authorization": f"Bearer {credential}"}
        for path in ("/predict?shop_id=secret-query", "/nothing", "/readyz"):
            written += client.get(path, headers=headers).text
            written += client.request("PUT", path, headers=headers).text
    written += json.dumps(lines()) + caplog.text
    assert key[22:-1] not in written
    assert "secret-query" not in written


def test_a_line_of_the_program_names_the_request_it_belongs_to(
    app: FastAPI, client: Client
) -> None:
    formatted: list[dict[str, Any]] = []

    class Formatting(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            formatted.append(json.loads(EcsFormatter().format(record)))

    handler = Formatting()
    logging.getLogger("shopcast").addHandler(handler)
    try:
        app.state.store.state = None
        answer = client.get(PAIR)
    finally:
        logging.getLogger("shopcast").removeHandler(handler)
    assert answer.status_code == 500
    (line,) = formatted
    require_ecs(line)
    assert line["http.request.id"] == answer.headers["x-request-id"] == answer.json()["request_id"]
    assert line["error.type"] == "AttributeError"
    assert "Traceback" in line["error.stack_trace"]


@pytest.mark.parametrize(("share", "lines_expected"), [(0.0, 0), (1.0, 2)])
def test_lookups_are_logged_by_the_share_that_is_configured(
    settings: ServingSettings,
    capsysbinary: pytest.CaptureFixture[bytes],
    share: float,
    lines_expected: int,
) -> None:
    app = create_app(settings.model_copy(update={"log_predictions": share}))

    @app.get("/look")
    async def look(request: Request) -> None:
        note_lookup(request.scope, Lookup("own history", 1, "v1", "57", "5037"))
        note_lookup(request.scope, Lookup(None, pairs=3))

    Client(app).get("/look")
    samples = app.state.journal.metrics._counters["shopcast_lookups_total"]
    assert samples == {("forecast", "own history"): 1, ("unknown", ""): 3}
    app.state.journal.flush()
    STANDARD_ERROR.finish()
    lines = [json.loads(line) for line in capsysbinary.readouterr().err.splitlines()]
    lookups = [line for line in lines if line["event.dataset"].endswith("lookups")]
    assert len(lookups) == lines_expected
    for line in lookups:
        require_ecs(line)
    if lookups:
        shown = lookups[0]["shopcast"]
        assert (shown["shop_id"], shown["item_id"], shown["version"]) == ("57", "5037", "v1")
        assert [line["shopcast"]["result"] for line in lookups] == ["forecast", "unknown"]
