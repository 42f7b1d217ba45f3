"""What the lake keeps of every model's files, by which they are checked before they are used.

The model store may be a server of many writers. So the digests are in the lake: whoever alters a
recipe or a model there changes no forecast, and brings no code into the program.
"""

import hashlib
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import pyarrow as pa

from lakehouse.delta import log
from lakehouse.delta.arrow import append_rows, read_table
from lakehouse.errors import RefusedError
from lakehouse.lake import Lake
from lakehouse.tables.gold import MODEL_FILES


class AlteredModelError(RefusedError):
    """The files of a model are not those that were kept, or nobody knows what they were."""


@dataclass(frozen=True)
class ModelFiles:
    """What was kept with a run.

    Attributes:
        run: MLflow run.
        estimator: of its recipe.
        recipe: digest of the recipe's text.
        files: digest of the names and bytes of the model's files.
    """

    run: str
    estimator: str
    recipe: str
    files: str

    def require_recipe(self, text: str) -> None:
        """Check a recipe's text before anything of it is used.

        Raises:
            AlteredModelError: it is another.
        """
        if digest_text(text) != self.recipe:
            raise AlteredModelError(self._sentence("another recipe"))

    def require_files(self, folder: Path) -> None:
        """Check a model's files before any of them is read.

        Raises:
            AlteredModelError: they are others.
        """
        if digest_folder(folder) != self.files:
            raise AlteredModelError(self._sentence("other files"))

    def _sentence(self, what: str) -> str:
        return (
            f"MLflow run {self.run}: the model store has {what} than jobs.train kept "
            f"({MODEL_FILES.path}); nothing of it is used. Find out who writes the model store, "
            "then run jobs.promote --rollback, or jobs.train and jobs.promote."
        )


def digest_text(text: str) -> str:
    """Digest a text."""
    return hashlib.sha256(text.encode()).hexdigest()


def digest_folder(folder: Path) -> str:
    """Digest the names and bytes of all files below a folder."""
    whole = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        whole.update(f"{path.relative_to(folder).as_posix()}\0{content}\n".encode())
    return whole.hexdigest()


def keep_files(lake: Lake, files: ModelFiles, now: datetime) -> None:
    """Write down what was kept with a run."""
    row = {**asdict(files), "kept_at": now}
    append_rows(lake, MODEL_FILES, pa.Table.from_pylist([row], MODEL_FILES.schema))


def kept_files(lake: Lake, run: str) -> ModelFiles | None:
    """Return what was kept with a run; None: a program that kept no digests made it."""
    if not log.exists(lake, MODEL_FILES):
        return None
    columns = tuple(ModelFiles.__dataclass_fields__)
    found = read_table(lake, MODEL_FILES, columns, [("run", "=", run)]).to_pylist()
    return ModelFiles(**found[0]) if found else None
