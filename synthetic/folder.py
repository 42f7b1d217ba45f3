"""Sample folder: atomic placement of a sample's files, and a manifest that identifies them."""

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
    """The parameters that determine a sample's bytes."""

    scale: str
    seed: int
    version: int = VERSION


@dataclass(frozen=True)
class SampleFolder:
    """A local folder for one sample."""

    path: Path

    def made(self, request: Request) -> dict[str, Any] | None:
        """Return the figures of a requested sample from the folder's manifest.

        None: the folder does not hold the complete sample that was requested.
        """
        try:
            manifest = json.loads((self.path / MANIFEST).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        figures = manifest.get("figures") if isinstance(manifest, dict) else None
        return figures if manifest == manifest_of(request, figures, self.sizes()) else None

    def sizes(self) -> dict[str, int]:
        """Return name → size in bytes of each sample file that exists in the folder."""
        return {n: (self.path / n).stat().st_size for n in FILES if (self.path / n).exists()}

    def check_free(self) -> None:
        """Check that the folder has no file that a sample would overwrite.

        Raises:
            RefusedError: the folder has a file with a sample file's name; name another folder or
                pass --force.
        """
        if present := ", ".join(self.sizes()):
            raise RefusedError(
                f"{self.path}: holds {present}, and {MANIFEST} does not say that they are "
                "the sample of this scale and seed; name another folder, or pass --force to "
                "overwrite them."
            )

    def create(self) -> None:
        """Create the folder unless it exists.

        Raises:
            UsageError: the folder cannot be created; name another folder.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"--out {self.path}: {error.strerror}; name a folder.") from error

    @contextmanager
    def staged(self) -> Iterator[Path]:
        """Yield an empty staging folder, and move its files here if the block raises no error.

        The old manifest is deleted first and ``sign`` writes the new manifest last, so that after
        a crash no manifest describes other files.
        """
        with TemporaryDirectory(prefix=".sample-", dir=self.path) as staging:
            yield Path(staging)
            (self.path / MANIFEST).unlink(missing_ok=True)
            for name in FILES:
                os.replace(Path(staging, name), self.path / name)

    def sign(self, request: Request, figures: dict[str, Any]) -> None:
        """Write the manifest of the sample files in the folder."""
        text = json.dumps(manifest_of(request, figures, self.sizes()), indent=2) + "\n"
        part = self.path / f".{MANIFEST}.part"
        part.write_text(text, encoding="utf-8")
        os.replace(part, self.path / MANIFEST)


def manifest_of(request: Request, figures: Any, sizes: dict[str, int]) -> dict[str, Any]:
    """Return the content of the manifest ``sample.json``."""
    return {
        "scale": request.scale,
        "seed": request.seed,
        "generator_version": request.version,
        "figures": figures,
        "bytes": sizes,
    }
