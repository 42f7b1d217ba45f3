"""Stopping: a query ends between two micro-batches when its process is told to end."""

import signal
from threading import Event


def stop_on_signals() -> Event:
    """Return an event that Ctrl-C and SIGTERM set; a second Ctrl-C interrupts at once."""
    stopping = Event()

    def stop(_number: int, _frame: object) -> None:
        if stopping.is_set():
            raise KeyboardInterrupt
        stopping.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    return stopping
