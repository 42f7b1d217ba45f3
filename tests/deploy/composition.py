"""Services of docker-compose.yml as processes of this machine, in the images' environments."""

import re
import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from environments import ROOT, Environment, finished, running
from server import Server

from streaming.local_broker.properties import free_port

sys.path.append(str(ROOT / "tests" / "ci"))
from compose import composed

METRICS = {"ingest": free_port(), "refresh": free_port()}


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
