"""Log lines of the API as JSON objects of the Elastic Common Schema (ECS 8)."""

from datetime import UTC, datetime

import orjson

from lakehouse import ecs
from lakehouse.ecs import ECS_VERSION, Fields
from serving.exchange import current

SERVICE = "shopcast-api"
OPTIONS = orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z


def base(level: str, message: str, dataset: str) -> Fields:
    """Return the fields that every line has."""
    return {
        "@timestamp": datetime.now(UTC),
        "log.level": level,
        "message": message,
        "ecs.version": ECS_VERSION,
        "service.name": SERVICE,
        "event.dataset": dataset,
    }


def render(fields: Fields) -> bytes:
    """Render a line, with its end."""
    return orjson.dumps(fields, option=OPTIONS)


def request_fields() -> Fields:
    """Return the fields that name the request in work; empty: none is."""
    exchange = current.get()
    if exchange is None:
        return {}
    fields = {"http.request.id": exchange.request_id}
    if exchange.trace_id is not None:
        fields["trace.id"] = exchange.trace_id
    return fields


class EcsFormatter(ecs.EcsFormatter):
    """Formats records of the API; a record of a request names the request."""

    def __init__(self) -> None:
        super().__init__(SERVICE, f"{SERVICE}.log", request_fields)
