"""Local Kafka broker for development and tests: one node (KRaft) on 127.0.0.1, start and stop."""

import subprocess
import time
from pathlib import Path
from typing import Self

from lakehouse.errors import RefusedError, UsageError
from lakehouse.progress import progress
from streaming.kafka.settings import KafkaSettings
from streaming.kafka.topics import create_topics
from streaming.local_broker.process import LOG, log_end, run_kafka
from streaming.local_broker.properties import (
    DATA,
    HOST,
    PROPERTIES,
    cluster_id,
    free_port,
    is_open,
    properties,
)

READY_SECONDS, STOP_SECONDS = 60, 30


class Broker:
    """A broker with its folder and port; as a context manager, runs while the block does.

    Attributes:
        folder: local folder with the broker's properties, log and records.
        port: port to listen on.
    """

    def __init__(self, folder: Path, port: int | None = None) -> None:
        self.folder = folder
        self.port = port or free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        """Start the broker."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the broker."""
        self.stop()

    @property
    def servers(self) -> str:
        """The bootstrap servers, HOST:PORT."""
        return f"{HOST}:{self.port}"

    def start(self) -> str:
        """Start the broker on the records in the folder, and wait until the port is open.

        Returns:
            The bootstrap servers; the same after every start.

        Raises:
            UsageError: another program uses the port or the folder; choose another.
            RefusedError: the broker did not start; the message shows the end of the log.
        """
        if is_open(self.port):
            raise UsageError(f"{self.servers} is taken by another program: pass another --port.")
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / PROPERTIES).write_text(properties(self.port, free_port(self.port)))
        if not (self.folder / DATA / "meta.properties").exists():
            run_kafka(
                self.folder, "kafka.tools.StorageTool", "format", "-t", cluster_id(), "-c"
            ).wait()
        self._process = run_kafka(self.folder, "kafka.Kafka")
        try:
            self._wait_until_ready(self._process)
        except BaseException:
            self.kill()
            raise
        return self.servers

    def stop(self) -> None:
        """Terminate the broker; kill the process if it runs on after ``STOP_SECONDS``."""
        if self._process:
            self._process.terminate()
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()
        self._process = None

    def kill(self) -> None:
        """Kill the broker at once, without letting it write anything more."""
        if self._process:
            self._process.kill()
            self._process.wait()
        self._process = None

    def wait(self) -> int:
        """Wait until the broker's process ends, and return the exit code."""
        return self._process.wait() if self._process else 0

    def _wait_until_ready(self, process: "subprocess.Popen[bytes]") -> None:
        """Wait until the broker's port is open; Kafka opens the port last.

        Raises:
            RefusedError: the process ended, or ``READY_SECONDS`` have passed.
        """
        end = time.monotonic() + READY_SECONDS
        while not is_open(self.port):
            if process.poll() is not None or time.monotonic() > end:
                raise RefusedError(
                    f"The Kafka broker did not start ({process.poll()}); "
                    f"{self.folder / LOG} ends with:\n{log_end(self.folder)}"
                )
            time.sleep(0.1)


def serve(broker: Broker) -> int:
    """Run a broker and create the topics; return an exit code once the broker ends by itself.

    A signal ends the broker by an exception instead: KeyboardInterrupt.
    """
    with broker:
        settings = KafkaSettings(bootstrap_servers=broker.servers, security_protocol="PLAINTEXT")
        create_topics(settings, [settings.sales_topic, settings.catalogue_topic])
        progress("Kafka listens on %s; end it by Ctrl-C", broker.servers)
        code = broker.wait()
    progress("The Kafka broker ended by itself; its log ends with:\n%s", log_end(broker.folder))
    return 1 if code else 0
