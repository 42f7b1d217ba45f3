"""Log lines as JSON objects of the Elastic Common Schema (ECS 8)."""

import logging
import os
import traceback
from datetime import UTC, datetime
from typing import Any

import orjson

from serving.exchange import current

ECS_VERSION = "8.17.0"
SERVICE = "shopcast-api"
OPTIONS = orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z
Fields = dict[str, Any]


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


class EcsFormatter(logging.Formatter):
    """Formats records of the standard library; a record of a request names the request."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record, without its end."""
        fields = base(record.levelname.lower(), record.getMessage(), f"{SERVICE}.log")
        fields |= {"log.logger": record.name, "process.pid": os.getpid()}
        if (exchange := current.get()) is not None:
            fields["http.request.id"] = exchange.request_id
            if exchange.trace_id is not None:
                fields["trace.id"] = exchange.trace_id
        if record.exc_info and record.exc_info[0] is not None:
            kind, error, _ = record.exc_info
            fields["error.type"] = kind.__name__
            fields["error.message"] = str(error)
            fields["error.stack_trace"] = "".join(traceback.format_exception(error))
        return render(fields).decode().rstrip("\n")
