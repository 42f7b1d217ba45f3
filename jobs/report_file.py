"""Where the reports of a lake are kept: ``<lake>/reports/<name>.html``."""

from pyarrow.fs import FileType

from lakehouse.errors import RefusedError
from lakehouse.lake import Lake
from lakehouse.storage import filesystem, normal_uri


def place(name: str) -> str:
    """Return a report's place below the root of its lake."""
    return f"reports/{name}.html"


def keep(lake: Lake, name: str, html: str) -> str:
    """Write a report into its lake and return its URI."""
    files = filesystem(lake.root)
    files.create_dir("reports", recursive=True)
    with files.open_output_stream(place(name)) as stream:
        stream.write(html.encode())
    return f"{lake.root}/{place(name)}"


def copy(lake: Lake, name: str, target: str) -> None:
    """Copy a report from its lake to a file.

    Args:
        lake: that keeps it.
        name: its name.
        target: path or URI.

    Raises:
        RefusedError: the lake does not have it any more.
    """
    files = filesystem(lake.root)
    if files.get_file_info(place(name)).type == FileType.NotFound:
        raise RefusedError(
            f"{lake.root}/{place(name)}: this report was removed, and the scores are up to date; "
            "run the backtest with other --folds, or take the report from MLflow."
        )
    with files.open_input_stream(place(name)) as stream:
        html = stream.read()
    folder, _, file = normal_uri(target).rpartition("/")
    with filesystem(folder).open_output_stream(file) as copied:
        copied.write(html)
