"""Model file digests: the lake keeps a digest of every model's files and checks files before use.

The model store may be a server with many writers. The digests are in the lake, so whoever alters a
recipe or a model in the store cannot change a forecast, nor bring code into the program.
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
    """The files of a model differ from the files that jobs.train kept, or no digest exists."""


@dataclass(frozen=True)
class ModelFiles:
    """A row of gold.model_files: the digests of a run's recipe and model files.

    Attributes:
        run: id of the MLflow run.
        estimator: name of the estimator in the recipe.
        recipe: digest of the recipe's text.
        files: digest of the names and bytes of the model's files.
    """

    run: str
    estimator: str
    recipe: str
    files: str

    def require_recipe(self, text: str) -> None:
        """Check a recipe's text against the digest, before the recipe is used.

        Raises:
            AlteredModelError: the text was altered; roll back, or train and promote again.
        """
        if digest_text(text) != self.recipe:
            raise AlteredModelError(self._sentence("another recipe"))

    def require_files(self, folder: Path) -> None:
        """Check a model's files against the digest, before any file is read.

        Raises:
            AlteredModelError: a file was altered, added or removed; roll back, or train and promote
                again.
        """
        if digest_folder(folder) != self.files:
            raise AlteredModelError(self._sentence("other files"))

    def _sentence(self, what: str) -> str:
        return (
            f"MLflow run {self.run}: the model store has {what} than jobs.train kept "
            f"({MODEL_FILES.path}), and the model is not used. Find out who writes the model "
            "store, then run jobs.promote --rollback, or jobs.train and jobs.promote."
        )


def digest_text(text: str) -> str:
    """Digest a text by SHA-256."""
    return hashlib.sha256(text.encode()).hexdigest()


def digest_folder(folder: Path) -> str:
    """Digest the names and bytes of all files below a folder by SHA-256."""
    whole = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        whole.update(f"{path.relative_to(folder).as_posix()}\0{content}\n".encode())
    return whole.hexdigest()


def keep_files(lake: Lake, files: ModelFiles, now: datetime) -> None:
    """Append the digests of a run to gold.model_files."""
    row = {**asdict(files), "kept_at": now}
    append_rows(lake, MODEL_FILES, pa.Table.from_pylist([row], MODEL_FILES.schema))


def kept_files(lake: Lake, run: str) -> ModelFiles | None:
    """Read the digests of a run; None: an older program, which kept no digests, made the run."""
    if not log.exists(lake, MODEL_FILES):
        return None
    columns = tuple(ModelFiles.__dataclass_fields__)
    rows = read_table(lake, MODEL_FILES, columns, [("run", "=", run)]).to_pylist()
    return ModelFiles(**rows[0]) if rows else None
