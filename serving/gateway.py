"""The gateway: everything that happens to each request, in one ASGI layer around the application.

One layer instead of one for each duty, because each layer costs two calls for each message.
"""

from collections.abc import Awaitable
from dataclasses import dataclass
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.access.admission import Admission, Header, parse_rate
from serving.access.answer_headers import add_headers
from serving.access.bodies import BodyLimits
from serving.access.hosts import Hosts
from serving.access.identity import Identities
from serving.access.rates import SharedRates
from serving.exchange import open_exchange
from serving.problems import ProblemError, on_http_error, on_problem
from serving.settings import ServingSettings
from serving.watching.journal import Journal

# Routes that read a stream of any length, and limit bytes, seconds and rows themselves.
STREAMED = ("/update_data",)


@dataclass(frozen=True)
class Gateway:
    """Admits requests, limits their bodies, completes the headers of answers, keeps the journal."""

    app: ASGIApp
    admission: Admission
    bodies: BodyLimits
    journal: Journal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection of the ASGI server."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        exchange = open_exchange(scope, headers)
        limits: list[Header] = []

        def complete(message: Message) -> Awaitable[None]:
            if message["type"] == "http.response.start":
                exchange.status = message["status"]
                message["headers"] = add_headers(message["headers"], scope, exchange, limits)
            else:
                exchange.sent_bytes += len(message.get("body", b""))
            return send(message)

        try:
            if b"authorization" in headers:
                await self.admission.identify(scope, headers[b"authorization"], exchange)
            limits += self.admission.admit(scope, headers, exchange)
            self.bodies.check_length(scope["path"], headers)
            receive = self.bodies.guard(scope["path"], headers, receive)
            await self.app(scope, receive, complete)
        except (ProblemError, HTTPException) as error:
            await refuse(error, scope, receive, complete)
        finally:
            self.journal.record(scope, exchange)


async def refuse(
    error: ProblemError | HTTPException, scope: Scope, receive: Receive, send: Send
) -> None:
    """Answer a request that does not reach its route with a problem document."""
    answer = on_problem if isinstance(error, ProblemError) else on_http_error
    response = await answer(Request(scope), error)
    await response(scope, receive, send)


def open_gateway(
    app: ASGIApp, settings: ServingSettings, identities: Identities, folder: Path, journal: Journal
) -> Gateway:
    """Open the gateway of a worker.

    Args:
        app: the application behind the gateway.
        settings: hosts, rate and limits of bodies.
        identities: the valid credentials.
        folder: what the workers of the server share.
        journal: where exchanges are kept.
    """
    rate = parse_rate(settings.rate_limit)
    # One of several workers may start before the worker that it replaces has ended.
    workers = 1 if settings.workers == 1 else settings.workers + 1
    rates = SharedRates(folder, rate, workers) if rate else None
    admission = Admission(Hosts(settings.allowed_hosts), identities, rates)
    limits = BodyLimits(settings.max_body_bytes, settings.body_seconds, STREAMED)
    return Gateway(app, admission, limits, journal)
