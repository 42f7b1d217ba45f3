"""Signal handling: Ctrl-C and SIGTERM end a command with one line and the signal's exit code.

Without a handler, libraries print pages of tracebacks. An orchestrator stops a container by
SIGTERM, and the kernel delivers SIGTERM to a container's first process only if the process
installed a handler.
"""

import logging
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

SIGNALS = (signal.SIGINT, signal.SIGTERM)
# A shell reports the exit code of a process ended by a signal as this plus the signal's number.
BASE_CODE = 128
# Set by a signal. KeyboardInterrupt can get lost: a library that cleans up may call Java over the
# connection that the signal cut off, and raise another error.
asked_for = threading.Event()
received: list[int] = []


def listen() -> None:
    """Make SIGTERM and Ctrl-C raise KeyboardInterrupt.

    Ctrl-C stays ignored if the parent process started this one with Ctrl-C ignored.
    """
    if not is_main_thread():
        return
    signal.signal(signal.SIGTERM, interrupt)
    if signal.getsignal(signal.SIGINT) != signal.SIG_IGN:
        signal.signal(signal.SIGINT, interrupt)


def exit_code() -> int:
    """Return the exit code for the first signal received; for Ctrl-C if none was."""
    return BASE_CODE + (received[0] if received else signal.SIGINT)


def interrupt(number: int, _frame: object) -> NoReturn:
    """Raise KeyboardInterrupt with logging off: py4j logs a traceback per interrupted call."""
    received.append(number)
    asked_for.set()
    logging.disable(logging.CRITICAL)
    raise KeyboardInterrupt


def speak_again() -> None:
    """Turn logging on again."""
    logging.disable(logging.NOTSET)


@contextmanager
def while_spark_starts() -> Iterator[None]:
    """Delay a signal until Spark has started; a second signal interrupts at once.

    Java prints a page of errors when it is interrupted during startup. SparkContext installs a
    Ctrl-C handler that calls Java from within another call and fails, so this context manager
    restores the earlier handlers when the block ends.
    """
    held = list[int]()

    def hold(number: int, frame: object) -> None:
        if held:
            interrupt(number, frame)
        held.append(number)
        sys.stderr.write("Interrupted while Spark starts; ends then. Once more: ends at once.\n")

    try:
        with instead_of_interrupt(hold):
            yield
    except Exception:
        # The same signal may have ended Java, and the error come from there.
        if not held:
            raise
    if held:
        interrupt(held[0], None)


@contextmanager
def instead_of_interrupt(handler: Callable[[int, object], None]) -> Iterator[None]:
    """Replace ``interrupt`` by another signal handler for a block, then restore all handlers."""
    if not is_main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in SIGNALS}
    for number in SIGNALS:
        if before[number] is interrupt:
            signal.signal(number, handler)
    try:
        yield
    finally:
        for number in SIGNALS:
            signal.signal(number, before[number])


def is_main_thread() -> bool:
    """Return whether this is the main thread, the only one that may install signal handlers."""
    return threading.current_thread() is threading.main_thread()


def end_spark(spark: "SparkSession") -> None:
    """Stop a Spark session with its log off: each task cut off would log pages of errors."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    # The same signal may have ended Java, and these calls then fail.
    with suppress(Exception):
        spark.sparkContext.setLogLevel("OFF")
        spark.stop()
