"""Traces are sent to a configured endpoint, with the id of the request and without secrets."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from asking import Client
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from opentelemetry.sdk.trace import Tracer

from serving.app import create_app
from serving.settings import ServingSettings
from serving.watching.logs import STANDARD_ERROR
from serving.watching.tracing import TracedApp, trace_requests

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


class Collector:
    """An OTLP receiver on this machine."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                    for scope in resource.scope_spans:
                        collector.spans.extend(scope.spans)
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    collector = Collector()
    url = f"http://127.0.0.1:{collector.server.server_port}"
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "none")
    thread = threading.Thread(target=collector.server.serve_forever, daemon=True)
    thread.start()
    yield collector
    collector.server.shutdown()
    collector.server.server_close()
    thread.join()


def test_a_request_is_a_span_of_the_client_s_trace(
    settings: ServingSettings,
    collector: Collector,
    create_key: Callable[..., str],
    capsysbinary: pytest.CaptureFixture[bytes],
) -> None:
    key = create_key("read")
    app = create_app(settings)
    client = Client(app)
    headers = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01", "Authorization": f"Bearer {key}"}
    answer = client.get("/predict?shop_id=secret-query&item_id=1", headers=headers)
    client.get("/nothing")
    traced = app.middleware_stack
    assert isinstance(traced, TracedApp)
    assert isinstance(traced.tracer, Tracer)
    traced.tracer.span_processor.shutdown()

    first, second = collector.spans
    assert first.trace_id.hex() == TRACE
    assert first.parent_span_id.hex() == "00f067aa0ba902b7"
    assert first.name == "GET /predict"
    values = {pair.key: pair.value for pair in first.attributes}
    assert values["shopcast.request_id"].string_value == answer.headers["x-request-id"]
    assert values["http.response.status_code"].int_value == 503
    assert first.status.code == 2
    assert second.name == "GET unmatched"

    app.state.journal.flush()
    STANDARD_ERROR.finish()
    lines = [json.loads(line) for line in capsysbinary.readouterr().err.splitlines()]
    assert [line["trace.id"] for line in lines] == [TRACE, second.trace_id.hex()]
    assert key[22:] not in str(collector.spans)
    assert "secret-query" not in str(collector.spans)


def test_without_an_endpoint_nothing_is_traced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_ENDPOINT", raising=False)

    async def app(_scope: object, _receive: object, _send: object) -> None:
        pass

    assert trace_requests(app) is app
