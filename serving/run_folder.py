"""Run folder: what the workers of one server share while the server runs."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

VARIABLE = "RUN_FOLDER"
PREFIX = "shopcast-"


def create_run_folder() -> Path:
    """Create a new folder that only this user may read."""
    return Path(tempfile.mkdtemp(prefix=PREFIX))


@contextmanager
def shared_run_folder() -> Iterator[Path]:
    """Create the folder of a server, name it to the workers, and remove it at the end."""
    folder = create_run_folder()
    os.environ[VARIABLE] = str(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
