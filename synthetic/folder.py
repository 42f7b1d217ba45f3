"""The folder of a sample: what it holds, and files that appear there whole or not at all."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from lakehouse.errors import RefusedError, UsageError
from synthetic.sample import FILES
from synthetic.scale import VERSION

MANIFEST = "sample.json"


@dataclass(frozen=True)
class Request:
    """What a sample is made from: equal requests give equal bytes."""

    scale: str
    seed: int
    version: int = VERSION


@dataclass(frozen=True)
class SampleFolder:
    """A local folder that holds one sample, or will."""

    path: Path

    def made(self, request: Request) -> dict[str, Any] | None:
        """Return the figures of the sample here if it is the one requested, whole; else None."""
        try:
            manifest = json.loads((self.path / MANIFEST).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        figures = manifest.get("figures") if isinstance(manifest, dict) else None
        return figures if manifest == manifest_of(request, figures, self.sizes()) else None

    def sizes(self) -> dict[str, int]:
        """Return the bytes of each of the sample's files that is here."""
        return {n: (self.path / n).stat().st_size for n in FILES if (self.path / n).exists()}

    def check_free(self) -> None:
        """Refuse to overwrite.

        Raises:
            RefusedError: a file of the sample's names is here.
        """
        if present := ", ".join(self.sizes()):
            raise RefusedError(
                f"{self.path}: holds {present}, and {MANIFEST} does not say that they are "
                "the sample of this scale and seed; name another folder, or pass --force to "
                "overwrite them."
            )

    def create(self) -> None:
        """Make the folder if it is not there.

        Raises:
            UsageError: it cannot be made.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"--out {self.path}: {error.strerror}; name a folder.") from error

    @contextmanager
    def staged(self) -> Iterator[Path]:
        """Lend an empty folder, whose files are moved here if the block ends well.

        The manifest goes first and is written last: wherever this dies, no manifest stands beside
        files that it does not describe.
        """
        with TemporaryDirectory(prefix=".sample-", dir=self.path) as staging:
            yield Path(staging)
            (self.path / MANIFEST).unlink(missing_ok=True)
            for name in FILES:
                os.replace(Path(staging, name), self.path / name)

    def sign(self, request: Request, figures: dict[str, Any]) -> None:
        """Write down what the files here are."""
        text = json.dumps(manifest_of(request, figures, self.sizes()), indent=2) + "\n"
        part = self.path / f".{MANIFEST}.part"
        part.write_text(text, encoding="utf-8")
        os.replace(part, self.path / MANIFEST)


def manifest_of(request: Request, figures: Any, sizes: dict[str, int]) -> dict[str, Any]:
    """Return what ``sample.json`` says."""
    return {
        "scale": request.scale,
        "seed": request.seed,
        "generator_version": request.version,
        "figures": figures,
        "bytes": sizes,
    }
