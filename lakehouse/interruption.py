"""Ctrl-C and SIGTERM → one line and an exit code of their own, without pages of what libraries do.

An orchestrator ends a container by SIGTERM, which the kernel keeps from a container's first process
unless that process says what it does.
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
# A shell says of a process that a signal ended: this and the signal's number.
BASE_CODE = 128
# Set by a signal: KeyboardInterrupt itself can get lost, where a library that cleans up calls Java
# by the connection that was cut off, and fails.
asked_for = threading.Event()
received: list[int] = []


def listen() -> None:
    """Let SIGTERM raise KeyboardInterrupt, and Ctrl-C unless whoever started us had it ignored."""
    if not is_main_thread():
        return
    signal.signal(signal.SIGTERM, interrupt)
    if signal.getsignal(signal.SIGINT) != signal.SIG_IGN:
        signal.signal(signal.SIGINT, interrupt)


def exit_code() -> int:
    """Return the exit code of what the first signal ended."""
    return BASE_CODE + (received[0] if received else signal.SIGINT)


def interrupt(number: int, _frame: object) -> NoReturn:
    """Raise KeyboardInterrupt; py4j logs a traceback for each call that this cuts off."""
    received.append(number)
    asked_for.set()
    logging.disable(logging.CRITICAL)
    raise KeyboardInterrupt


def speak_again() -> None:
    """Let messages be seen again."""
    logging.disable(logging.NOTSET)


@contextmanager
def while_spark_starts() -> Iterator[None]:
    """Let a signal wait until Java runs: cut off as it starts, it prints a page. Two do not wait.

    SparkContext replaces the handler of Ctrl-C by one that calls Java from within another call, and
    fails; the one from before, whatever it does, is there again afterwards.
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
        # Java may have been ended by the same signal.
        if not held:
            raise
    if held:
        interrupt(held[0], None)


@contextmanager
def instead_of_interrupt(handler: Callable[[int, object], None]) -> Iterator[None]:
    """Handle otherwise, while a block runs, what would interrupt; all handlers are there again."""
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
    """Say whether this is the thread that may say what signals do."""
    return threading.current_thread() is threading.main_thread()


def end_spark(spark: "SparkSession") -> None:
    """Stop a session in silence; the tasks that end with it would fill pages with errors."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    # Java may have been ended by the same signal.
    with suppress(Exception):
        spark.sparkContext.setLogLevel("OFF")
        spark.stop()
