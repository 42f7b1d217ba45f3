"""Traces by OpenTelemetry: sent where an endpoint is configured and the extra is installed."""

import logging
import os
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

from starlette.types import ASGIApp, Receive, Scope, Send

from serving.exchange import EXCHANGE, TRACE, Exchange
from serving.watching.journal import route_of

if TYPE_CHECKING:
    from opentelemetry.trace import Span, Tracer

ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
SERVICE = "shopcast-api"
logger = logging.getLogger("shopcast")


def trace_requests(app: ASGIApp) -> ASGIApp:
    """Return an application whose requests are traced; the application itself if none are wanted.

    The standard variables OTEL_… configure exporter, sampler and service name.
    """
    if not any(os.environ.get(name) for name in ENDPOINTS):
        return app
    if find_spec("opentelemetry") is None or find_spec("opentelemetry.sdk") is None:
        logger.warning("No traces are sent: install the extra `traces` (shopcast[api,traces]).")
        return app
    return TracedApp(app, open_tracer())


def open_tracer() -> "Tracer":
    """Open a tracer that sends spans in batches, the rest at the end of the process."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import SERVICE_NAME, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    name = os.environ.get("OTEL_SERVICE_NAME", SERVICE)
    provider = TracerProvider(resource=Resource.create({SERVICE_NAME: name}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider.get_tracer("shopcast.serving")


@dataclass(frozen=True)
class TracedApp:
    """An application with a span for each request, part of the client's trace if it sends one."""

    app: ASGIApp
    tracer: "Tracer"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection of the ASGI server."""
        from opentelemetry.propagate import extract
        from opentelemetry.trace import SpanKind

        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        carrier = {n.decode("latin-1"): value.decode("latin-1") for n, value in scope["headers"]}
        starting = self.tracer.start_as_current_span(
            scope["method"], context=extract(carrier), kind=SpanKind.SERVER
        )
        with starting as span:
            scope[TRACE] = f"{span.get_span_context().trace_id:032x}"
            await self.app(scope, receive, send)
            describe(span, scope)


def describe(span: "Span", scope: Scope) -> None:
    """Describe a request that has ended; neither query nor header, in which a secret might be."""
    from opentelemetry.trace import StatusCode

    exchange = scope.get(EXCHANGE)
    assert isinstance(exchange, Exchange)
    route = route_of(scope)
    span.update_name(f"{scope['method']} {route}")
    span.set_attributes(
        {
            "http.request.method": scope["method"],
            "http.route": route,
            "http.response.status_code": exchange.status,
            "shopcast.request_id": exchange.request_id,
        }
    )
    if exchange.status >= 500:
        span.set_status(StatusCode.ERROR)
