"""Kafka's programs as processes that run in a folder and hold it alone."""

import fcntl
import subprocess
from pathlib import Path
from typing import BinaryIO

from lakehouse.errors import UsageError
from streaming.local_broker.jars import broker_jars, java
from streaming.local_broker.properties import PROPERTIES

LOG = "broker.log"
LOG_LINES = 15
LOGGING = [
    f"-Dorg.slf4j.simpleLogger.{name}"
    for name in (
        "showDateTime=true",
        "dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss",
        "defaultLogLevel=warn",
        "log.kafka.server.KafkaRaftServer=info",
    )
]


def run_kafka(folder: Path, main: str, *arguments: str) -> "subprocess.Popen[bytes]":
    """Run one of Kafka's programs in a folder; what it says goes to the log there.

    Args:
        folder: holds the properties.
        main: class of the program.
        arguments: put before the properties.

    Raises:
        UsageError: a program runs in this folder.
        RefusedError: Java or the jars are missing and cannot be fetched.
    """
    java_options = ["-Xmx512m", *LOGGING, "-cp", f"{broker_jars()}/*"]
    command = [java(), *java_options, main, *arguments, PROPERTIES]
    with (folder / LOG).open("ab") as log:
        lock(log, folder)
        return subprocess.Popen(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )


def lock(log: BinaryIO, folder: Path) -> None:
    """Lock a folder for the program that is going to write its log, as long as that runs.

    Kafka has a lock of its own, but writes to the metadata before it looks there.

    Raises:
        UsageError: it is locked.
    """
    try:
        fcntl.flock(log, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise UsageError(f"{folder}: another broker runs in it; pass another --dir.") from None


def log_end(folder: Path) -> str:
    """Return the last lines of a folder's log, without Java's traces."""
    lines = (folder / LOG).read_text(errors="replace").splitlines()
    return "\n".join([line for line in lines if not line.startswith("\tat ")][-LOG_LINES:])
