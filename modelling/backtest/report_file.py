"""Report files of a lake: ``<lake>/reports/<name>.html``."""

import os

from pyarrow.fs import FileType

from lakehouse.errors import RefusedError, UsageError
from lakehouse.lake import Lake
from lakehouse.storage import filesystem, is_local, local_path, normal_uri
from lakehouse.whole_files import write_file


def place(name: str) -> str:
    """Return a report's path relative to the root of the lake."""
    return f"reports/{name}.html"


def keep(lake: Lake, name: str, html: str) -> str:
    """Write a report into a lake, and return the report's URI."""
    filesystem(lake.root).create_dir("reports", recursive=True)
    write_file(lake.root, place(name), html.encode())
    return f"{lake.root}/{place(name)}"


def require_place(target: str) -> None:
    """Check that a report can be written to a local path, before hours of work.

    Raises:
        UsageError: the path is a folder, or the parent folder is missing or not writable; name a
            file in an existing folder.
    """
    uri = normal_uri(target)
    if not is_local(uri):
        return
    path = local_path(uri)
    if path.is_dir() or not os.access(path.parent, os.W_OK):
        raise UsageError(
            f"--report {target}: no file can be written at this path; name a file "
            "in a folder that exists."
        )


def copy(lake: Lake, name: str, target: str) -> None:
    """Copy a report from a lake to a file.

    Args:
        lake: the lake that has the report.
        name: name of the report.
        target: path or URI of the copy.

    Raises:
        RefusedError: the report was removed from the lake; run the backtest with other --folds, or
            take the report from MLflow.
    """
    files = filesystem(lake.root)
    if files.get_file_info(place(name)).type == FileType.NotFound:
        raise RefusedError(
            f"{lake.root}/{place(name)}: the report was removed, and the scores are up to date; "
            "run the backtest with other --folds, or take the report from MLflow."
        )
    with files.open_input_stream(place(name)) as stream:
        html = stream.read()
    folder, _, file = normal_uri(target).rpartition("/")
    with filesystem(folder).open_output_stream(file) as copied:
        copied.write(html)
