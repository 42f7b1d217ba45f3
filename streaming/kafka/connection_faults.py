"""Why Kafka could not be reached: kafka-python tells its log; its errors, only that time is up."""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager

LOG = logging.getLogger("kafka")
FAULT = re.compile(r"Bootstrap connection to \S+ failed: (.*) \(backoff [\d.]+ secs\)")


class FaultReader(logging.Handler):
    """Keeps the reasons why connections failed."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.faults: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the reason, if a record is about one."""
        if found := FAULT.fullmatch(record.getMessage()):
            self.faults.append(found[1])


@contextmanager
def connection_faults() -> Iterator[list[str]]:
    """Collect the reasons while a block runs, in place of kafka-python's many lines about them."""
    reader, was_passed_on = FaultReader(), LOG.propagate
    LOG.addHandler(reader)
    LOG.propagate = False
    try:
        yield reader.faults
    finally:
        LOG.removeHandler(reader)
        LOG.propagate = was_passed_on
