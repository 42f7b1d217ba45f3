"""Graceful stop: a signal ends a query between two micro-batches."""

import signal
from threading import Event

from lakehouse import interruption


def stop_on_signals() -> Event:
    """Return an event that Ctrl-C or SIGTERM sets; a second signal interrupts at once."""
    stopping = Event()

    def stop(number: int, frame: object) -> None:
        if stopping.is_set():
            interruption.interrupt(number, frame)
        interruption.received.append(number)
        stopping.set()

    for number in interruption.SIGNALS:
        signal.signal(number, stop)
    return stopping
