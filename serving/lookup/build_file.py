"""A process that makes the file of one version: gold.forecasts → a file that lookups map.

    python -m serving.lookup.build_file LAKE VERSION ROWS FILE

Sorting and rendering take seconds of a core: in a process of lower priority they do not hold up
requests. Ends with exit code 3 and the reason on standard error if the version is not to be served.
"""

import os
import sys
from pathlib import Path

from lakehouse.delta.arrow import read_batches
from lakehouse.errors import RefusedError
from lakehouse.forecast_checks import check_forecasts
from lakehouse.lake import Lake
from lakehouse.tables.gold import FORECASTS
from serving.lookup.column_file import write_file
from serving.lookup.gathering import COLUMNS, gather

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
    write_file(path, gather(check_forecasts(lake, version, rows, found)))


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
