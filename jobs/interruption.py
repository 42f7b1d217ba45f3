"""Ctrl-C → one line and exit code 130, without pages of what libraries were doing just then."""

import logging
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

EXIT_CODE = 130
# Set by Ctrl-C: KeyboardInterrupt itself can get lost, where a library that cleans up calls Java by
# the connection that was cut off, and fails.
asked_for = threading.Event()


def listen() -> None:
    """Let Ctrl-C raise KeyboardInterrupt, unless whoever started the process had it ignored."""
    if is_main_thread() and signal.getsignal(signal.SIGINT) != signal.SIG_IGN:
        signal.signal(signal.SIGINT, interrupt)


def interrupt(_number: int, _frame: object) -> NoReturn:
    """Raise KeyboardInterrupt; py4j logs a traceback for each call that this cuts off."""
    asked_for.set()
    logging.disable(logging.CRITICAL)
    raise KeyboardInterrupt


def speak_again() -> None:
    """Let messages be seen again."""
    logging.disable(logging.NOTSET)


@contextmanager
def while_spark_starts() -> Iterator[None]:
    """Let Ctrl-C wait until Java runs: cut off while it starts, it prints a page. Two do not wait.

    SparkContext replaces the handler by one that calls Java from within another call, and fails;
    the one from before, whatever it does, is there again afterwards.
    """
    before, held = signal.getsignal(signal.SIGINT), list[int]()

    def hold(number: int, frame: object) -> None:
        if held:
            interrupt(number, frame)
        held.append(number)
        sys.stderr.write("Interrupted while Spark starts; ends then. Once more: ends at once.\n")

    if not is_main_thread():
        yield
        return
    if before is interrupt:
        signal.signal(signal.SIGINT, hold)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if held:
        raise KeyboardInterrupt


def is_main_thread() -> bool:
    """Say whether this is the thread that may say what signals do."""
    return threading.current_thread() is threading.main_thread()


def end_spark(spark: "SparkSession") -> None:
    """Stop a session in silence; the tasks that end with it would fill pages with errors."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    spark.sparkContext.setLogLevel("OFF")
    spark.stop()
