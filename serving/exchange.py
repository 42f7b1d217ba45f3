"""Exchange: one request and its answer, as log lines, metrics and problem documents name them."""

import re
import secrets
from collections.abc import Mapping, MutableMapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from itertools import count
from time import perf_counter
from typing import Any, NamedTuple

# Ids of clients are taken over if they can do no harm in a header or a line of a log.
SOUND_ID = re.compile(rb"[\w.:=+/-]{1,128}")
TRACEPARENT = re.compile(rb"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}.*")
# A random start and a number: ids of several workers and restarts differ.
START = secrets.token_hex(8)
NUMBERS = count(1)
# Names in an ASGI scope: of the exchange, and of the id of a trace.
EXCHANGE = "shopcast.exchange"
TRACE = "shopcast.trace_id"


class Lookup(NamedTuple):
    """Pairs that a request looked up with one result.

    Attributes:
        rung: history that the forecasts rest on; None: no forecast.
        pairs: how many.
        version: forecast version.
        shop_id: of a single pair; None: many pairs.
        item_id: of a single pair; None: many pairs.
    """

    rung: str | None
    pairs: int = 1
    version: str | None = None
    shop_id: str | None = None
    item_id: str | None = None


@dataclass(slots=True)
class Exchange:
    """A request, and what is known of its answer so far.

    Attributes:
        request_id: the client's X-Request-ID, or a new one.
        trace_id: of the trace that the request belongs to; None: no trace.
        user_id: id of the caller's key or token; None: the caller is not identified.
        status: of the answer; 500 until an answer begins.
        sent_bytes: bytes of the answer's body.
        lookups: what was looked up.
        began: reading of ``perf_counter`` at the start.
    """

    request_id: str
    trace_id: str | None
    began: float
    user_id: str | None = None
    status: int = 500
    sent_bytes: int = 0
    lookups: Sequence[Lookup] = ()


# The exchange that a line of the log belongs to.
current: ContextVar[Exchange | None] = ContextVar("exchange", default=None)


def open_exchange(scope: MutableMapping[str, Any], headers: Mapping[bytes, bytes]) -> Exchange:
    """Open the exchange of a request, and name it in the request's scope.

    Args:
        scope: of the request; has the id of the trace if the request is traced.
        headers: lower-case names and values.
    """
    given = headers.get(b"x-request-id")
    is_sound = given is not None and SOUND_ID.fullmatch(given)
    request_id = given.decode() if given and is_sound else f"{START}-{next(NUMBERS):x}"
    trace_id = scope.get(TRACE) or trace_of(headers.get(b"traceparent"))
    exchange = scope[EXCHANGE] = Exchange(request_id, trace_id, perf_counter())
    current.set(exchange)
    return exchange


def trace_of(traceparent: bytes | None) -> str | None:
    """Return the trace id of a W3C header traceparent; None: missing or malformed."""
    match = TRACEPARENT.fullmatch(traceparent) if traceparent else None
    return match.group(1).decode() if match else None


def request_id_of(scope: Mapping[str, Any]) -> str | None:
    """Return the id of the request of an ASGI scope; None: no exchange was opened."""
    exchange = scope.get(EXCHANGE)
    return exchange.request_id if isinstance(exchange, Exchange) else None


def note_lookup(scope: Mapping[str, Any], lookup: Lookup) -> None:
    """Note what a request looked up, for the metrics and for sampled lines of the log."""
    exchange = scope.get(EXCHANGE)
    if isinstance(exchange, Exchange):
        exchange.lookups = (*exchange.lookups, lookup)
