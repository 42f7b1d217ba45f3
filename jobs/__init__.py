"""Batch steps: each module parses arguments, reads, calls and writes."""

import os
import signal
import sys


def end(_number: int, _frame: object) -> None:
    """End a step that is still being imported, which takes seconds, without a traceback."""
    os.write(2, b"Interrupted before anything was read or written.\n")
    os._exit(130)


# runpy's name for a program whose package it imports: python -m jobs.<step>. jobs.command listens
# from then on.
if sys.argv[:1] == ["-m"] and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, end)
