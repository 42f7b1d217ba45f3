"""Services of docker-compose.yml as processes of this machine, in the images' environments."""

import re
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from environments import ROOT, Environment, finished, running
from server import Server

from streaming.local_broker.process import log_end, run_kafka
from streaming.local_broker.properties import HOST, PROPERTIES, cluster_id, free_port, is_open

sys.path.append(str(ROOT / "tests" / "ci"))
from compose import composed

METRICS = {"ingest": free_port(), "refresh": free_port()}


@contextmanager
def running_kafka(folder: Path) -> Iterator[str]:
    """Run a broker with the variables of the service kafka, as its image reads them."""
    folder.mkdir()
    ports = {"29092": free_port(), "9092": free_port(), "9093": free_port()}
    declared: dict[str, str] = composed()["services"]["kafka"]["environment"]
    lines = []
    for variable, value in declared.items():
        name = variable.removeprefix("KAFKA_").lower().replace("_", ".")
        text = value.replace("://:", f"://{HOST}:").replace("kafka:", f"{HOST}:")
        for there, here in ports.items():
            text = text.replace(f"{HOST}:{there}", f"{HOST}:{here}")
        lines.append(f"{name}={text.replace('/var/lib/kafka/data', 'data')}\n")
    (folder / PROPERTIES).write_text("".join(lines))
    run_kafka(folder, "kafka.tools.StorageTool", "format", "-t", cluster_id(), "-c").wait()
    broker = run_kafka(folder, "kafka.Kafka")
    try:
        while not is_open(ports["9092"]):
            assert broker.poll() is None, log_end(folder)
            time.sleep(0.1)
        yield f"{HOST}:{ports['9092']}"
    finally:
        broker.terminate()
        broker.wait(30)


@dataclass(frozen=True)
class Composition:
    """The services, with addresses of this machine in place of the composition's.

    Attributes:
        environments: the environment of each image, by the image's name.
        addresses: text of the file → text here.
        folder: where the processes start.
    """

    environments: Mapping[str, Environment]
    addresses: Mapping[str, str]
    folder: Path

    def service(self, name: str) -> tuple[list[str], dict[str, str]]:
        """Return a service's command and variables."""
        declared: dict[str, Any] = composed()["services"][name]
        environment = self.environments[declared["image"].partition(":")[0]]
        given = {n: self.here(str(v)) for n, v in (declared.get("environment") or {}).items()}
        if name in METRICS:
            port = f"--metrics-port={METRICS[name]}"
            declared["command"] = [
                re.sub("^--metrics-port=.*", port, w) for w in declared["command"]
            ]
        program, *words = map(self.here, declared["command"])
        # The image's PATH would find it; here the search is this process's.
        return [str(environment.packages / "bin" / program), *words], environment.variables(
            self.folder, **given
        )

    def here(self, text: str) -> str:
        """Replace addresses of the composition by those of this machine."""
        for there, here in self.addresses.items():
            text = text.replace(there, here)
        return text

    def run(self, name: str, *more: str) -> dict[str, Any]:
        """Run a service that ends; returns its result line."""
        command, variables = self.service(name)
        return finished([*command, *more], variables, self.folder)

    def start(self, name: str, *more: str, **variables: str) -> AbstractContextManager[Server]:
        """Run a service that stays until the block ends."""
        command, given = self.service(name)
        log = self.folder / f"{name}.log"
        return running([*command, *more], {**given, **variables}, log)
