"""A process that makes the file of one version: gold.forecasts → a file that lookups map.

    python -m serving.lookup.build_file LAKE VERSION ROWS FILE

Sorting and rendering take seconds of a core: in a process of lower priority they do not hold up
requests. Ends with exit code 3 and the reason on standard error if the version is not to be served.
"""

import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa

from lakehouse.delta.arrow import read_batches
from lakehouse.errors import LakeError, RefusedError
from lakehouse.lake import Lake
from lakehouse.profile.profile import bounds_of
from lakehouse.profile.stored import stored_profile
from lakehouse.tables.gold import FORECASTS
from serving.lookup.column_file import write_file
from serving.lookup.gathering import COLUMNS, gather
from serving.lookup.soundness import count_unsound

NICENESS = 10


def build_file(lake: Lake, version: str, rows: int, path: Path) -> None:
    """Read, check and sort the forecasts of a version, and write the version's file.

    Args:
        lake: the lake that has the forecasts.
        version: the version.
        rows: forecasts of the version, as they were published.
        path: the file to write; its folder exists.

    Raises:
        LakeError: the number of forecasts differs from ``rows``, two are of one shop, item and
            month, or a forecast is not a number within the bounds of the lake's profile; forecast
            again, or withdraw the version.
    """
    found = read_batches(lake, FORECASTS, COLUMNS, [("version", "=", version)])
    write_file(path, gather(checked(lake, version, rows, found)))


def checked(
    lake: Lake, version: str, rows: int, batches: Iterable[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    """Yield the forecasts of a version, and check them as a whole behind the last one.

    Raises:
        LakeError: as ``build_file``.
    """
    bounds = bounds_of(stored_profile(lake).target_clip)
    unsound = count = 0
    for batch in batches:
        unsound += count_unsound(batch, bounds)
        count += len(batch)
        yield batch
    named = f"{lake.uri(FORECASTS)}: version {version} has"
    if count != rows:
        raise LakeError(
            f"{named} {count} forecasts, {rows} were published; forecast again or withdraw it."
        )
    if unsound:
        raise LakeError(
            f"{named} {unsound} forecasts that are not numbers within "
            f"[{bounds[0]:g}, {bounds[1]:g}]; forecast again or withdraw it."
        )


def main() -> int:
    """Build from a command line; returns the exit code."""
    lake, version, rows, path = sys.argv[1:]
    os.nice(NICENESS)
    try:
        build_file(Lake.at(lake), version, int(rows), Path(path))
    except RefusedError as error:
        sys.stderr.write(str(error))
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
