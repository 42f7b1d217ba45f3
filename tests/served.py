"""What the API would serve of a lake."""

from pathlib import Path
from tempfile import TemporaryDirectory

from lakehouse.lake import Lake
from serving.lookup.snapshot import Snapshot, read_snapshot
from serving.lookup.version_files import VersionFiles


def served_snapshot(lake: Lake) -> Snapshot:
    """Read the served version; the file of the version stays mapped after it is removed."""
    with TemporaryDirectory() as folder:
        return read_snapshot(lake, VersionFiles(lake, Path(folder)))
