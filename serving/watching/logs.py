"""The log of a process: lines on standard error, which never hold up the requests."""

import atexit
import logging
import sys
from collections.abc import Callable
from queue import SimpleQueue
from threading import Event, Lock, Thread

from serving.watching.ecs import EcsFormatter

TEXT = "%(asctime)s %(levelname)s %(message)s"
# Lines that wait while the reader of the log stands still.
MOST_WAITING_BYTES = 1 << 20
LAST_SECONDS = 2.0


class LineSink:
    """Writes lines in a separate thread, and drops lines while too many wait.

    A write to a pipe without a reader would stop the whole server.
    """

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self._write = write
        self._queue: SimpleQueue[bytes] = SimpleQueue()
        self._waiting = self._dropped = 0
        self._turn, self._is_idle = Lock(), Event()
        self._is_idle.set()
        self._thread: Thread | None = None

    def put(self, lines: bytes) -> None:
        """Pass lines on, or drop them."""
        with self._turn:
            if self._waiting + len(lines) > MOST_WAITING_BYTES:
                self._dropped += lines.count(b"\n")
                return
            self._waiting += len(lines)
            self._is_idle.clear()
            if self._thread is None:
                self._thread = Thread(target=self._run, daemon=True, name="log")
                self._thread.start()
        self._queue.put(lines)

    def take_dropped(self) -> int:
        """Return how many lines were dropped since the last call."""
        with self._turn:
            dropped, self._dropped = self._dropped, 0
        return dropped

    def finish(self) -> None:
        """Wait a moment for the lines that wait."""
        self._is_idle.wait(LAST_SECONDS)

    def _run(self) -> None:
        while True:
            lines = self._queue.get()
            lost = 0 if self._is_written(lines) else lines.count(b"\n")
            with self._turn:
                self._waiting -= len(lines)
                self._dropped += lost
                if not self._waiting:
                    self._is_idle.set()

    def _is_written(self, lines: bytes) -> bool:
        """Write lines; return False where the reader has gone."""
        try:
            self._write(lines)
        except (OSError, ValueError):
            return False
        return True


class SinkHandler(logging.Handler):
    """Passes records of the standard library to a sink."""

    def __init__(self, sink: LineSink) -> None:
        super().__init__()
        self._sink = sink

    def emit(self, record: logging.LogRecord) -> None:
        """Pass a record on."""
        self._sink.put(f"{self.format(record)}\n".encode(errors="replace"))


def write_error(lines: bytes) -> None:
    """Write lines to standard error."""
    sys.stderr.buffer.write(lines)
    sys.stderr.buffer.flush()


def configure_log(form: str) -> None:
    """Send the log of this process to standard error.

    Args:
        form: ``ecs`` or ``text``, of the lines of the program; lines of requests are always ECS.
    """
    handler = SinkHandler(STANDARD_ERROR)
    handler.setFormatter(EcsFormatter() if form == "ecs" else logging.Formatter(TEXT))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    atexit.register(STANDARD_ERROR.finish)


STANDARD_ERROR = LineSink(write_error)
