"""Connection faults: the reasons for Kafka's timeouts, collected from kafka-python's log.

kafka-python raises only a timeout and writes the real reason to its log.
"""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager

LOG = logging.getLogger("kafka")
FAULT = re.compile(r"Bootstrap connection to \S+ failed: (.*) \(backoff [\d.]+ secs\)")


class FaultReader(logging.Handler):
    """Log handler that keeps the reasons of failed connections in ``faults``."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.faults: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the reason if a log record reports a failed connection."""
        if match := FAULT.fullmatch(record.getMessage()):
            self.faults.append(match[1])


@contextmanager
def connection_faults() -> Iterator[list[str]]:
    """Collect the reasons of failed connections while a block runs.

    kafka-python's log lines, many per failure, are not printed meanwhile.
    """
    reader, was_passed_on = FaultReader(), LOG.propagate
    LOG.addHandler(reader)
    LOG.propagate = False
    try:
        yield reader.faults
    finally:
        LOG.removeHandler(reader)
        LOG.propagate = was_passed_on
