"""Stopping: a query ends between two micro-batches when its process is told to end."""

import signal
from threading import Event

from lakehouse import interruption


def stop_on_signals() -> Event:
    """Return an event that Ctrl-C and SIGTERM set; a second one interrupts at once."""
    stopping = Event()

    def stop(number: int, frame: object) -> None:
        if stopping.is_set():
            interruption.interrupt(number, frame)
        interruption.received.append(number)
        stopping.set()

    for number in interruption.SIGNALS:
        signal.signal(number, stop)
    return stopping
