"""Measure the API on generated forecasts.

    python -m benchmarks.serving lookup bulk load swap overhead [--forecasts 2000000] [--workers 2]

lookup: one pair beside a bare FastAPI route that returns the same bytes. bulk: 1,000 pairs beside
one. load: time until ready with and without the mapped file, memory at rest and at the peak of a
swap. swap: 20 publications and 5 broken ones under load. overhead: the API with and without its
gateway. Needs wrk (apt). Writes the figures as JSON to standard output and to --out.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks.serving.beside_bare import compare_bulk, compare_pairs
from benchmarks.serving.lakes import make_lake, publish
from benchmarks.serving.memory import measure_memory
from benchmarks.serving.overhead import measure_overhead
from benchmarks.serving.swaps import measure_swaps
from lakehouse.lake import Lake

Measure = Callable[[Lake, int, Path], dict[str, object]]


def main() -> int:
    """Measure from a command line, and write the figures as JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.serving", description=__doc__)
    parser.add_argument(
        "measures", nargs="+", choices=("lookup", "bulk", "load", "swap", "overhead")
    )
    parser.add_argument("--forecasts", type=int, default=2_000_000)
    parser.add_argument("--workers", type=int, default=2, help="of load")
    parser.add_argument("--out", type=Path, help="JSON file")
    arguments = parser.parse_args()
    measures: Mapping[str, Measure] = {
        "lookup": compare_pairs,
        "bulk": compare_bulk,
        "load": lambda *given: measure_memory(*given, workers=arguments.workers),
        "swap": measure_swaps,
        "overhead": measure_overhead,
    }
    with tempfile.TemporaryDirectory() as folder:
        lake = make_lake(Path(folder) / "lake")
        publish(lake, "v000", arguments.forecasts)
        figures = {
            name: measures[name](lake, arguments.forecasts, Path(folder))
            for name in arguments.measures
        }
    text = json.dumps(figures, indent=1)
    if arguments.out:
        arguments.out.write_text(text)
    sys.stdout.write(text + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
