"""Log records as JSON lines of the Elastic Common Schema (ECS 8), for every process of shopcast."""

import json
import logging
import os
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

ECS_VERSION = "8.17.0"
Fields = dict[str, Any]


class EcsFormatter(logging.Formatter):
    """Formats records of the standard library as JSON objects, one a line."""

    def __init__(self, service: str, dataset: str, describe: Callable[[], Fields]) -> None:
        """Name the process.

        Args:
            service: field ``service.name``.
            dataset: field ``event.dataset``.
            describe: returns further fields of each line: what the process is doing.
        """
        super().__init__()
        self._process = {"ecs.version": ECS_VERSION, "service.name": service}
        self._process |= {"event.dataset": dataset}
        self._describe = describe

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record, without its end."""
        moment = datetime.fromtimestamp(record.created, UTC)
        fields: Fields = {
            "@timestamp": moment.isoformat(timespec="microseconds").replace("+00:00", "Z"),
            "log.level": record.levelname.lower(),
            "message": record.getMessage(),
            **self._process,
            "log.logger": record.name,
            "process.pid": os.getpid(),
            **self._describe(),
            **error_fields(record),
        }
        return json.dumps(fields, ensure_ascii=False)


def error_fields(record: logging.LogRecord) -> Fields:
    """Return the fields of a record's error.

    A refusal, which a record names by ``extra={"refusal": error}``, has no stack trace: the message
    gives the remedy.
    """
    refusal = getattr(record, "refusal", None)
    error = record.exc_info[1] if record.exc_info else refusal
    if error is None:
        return {}
    fields = {"error.type": type(error).__name__, "error.message": str(error)}
    if error is not refusal:
        fields["error.stack_trace"] = "".join(traceback.format_exception(error))
    return fields
