"""Kafka processes: Kafka's programs, run in a folder that one process locks at a time."""

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
    """Start one of Kafka's programs in a folder; its output goes to ``broker.log`` there.

    Args:
        folder: folder with ``server.properties``.
        main: Java class of the program.
        arguments: arguments before the path of the properties.

    Raises:
        UsageError: another program runs in this folder; choose another folder.
        RefusedError: Java is missing, or the jars cannot be fetched.
    """
    java_options = ["-Xmx512m", *LOGGING, "-cp", f"{broker_jars()}/*"]
    command = [java(), *java_options, main, *arguments, PROPERTIES]
    with (folder / LOG).open("ab") as log:
        lock(log, folder)
        return subprocess.Popen(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )


def lock(log: BinaryIO, folder: Path) -> None:
    """Lock a folder for as long as the program that inherits the open log runs.

    Kafka also locks its folder, but writes to the metadata before checking the lock.

    Raises:
        UsageError: another program holds the lock; choose another folder.
    """
    try:
        fcntl.flock(log, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise UsageError(f"{folder}: another broker runs in it; pass another --dir.") from None


def log_end(folder: Path) -> str:
    """Return the last ``LOG_LINES`` lines of a folder's log, without Java's stack traces."""
    lines = (folder / LOG).read_text(errors="replace").splitlines()
    return "\n".join([line for line in lines if not line.startswith("\tat ")][-LOG_LINES:])
