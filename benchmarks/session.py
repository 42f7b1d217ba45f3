"""Shared session: several batch commands in one Spark session, a JSON line for each.

python -m benchmarks.session build_features --lake L // build_panel --lake L --spine grid
"""

import importlib
import sys
import time
from itertools import groupby

from cli.command import report, start_logging
from lakehouse.context import Context
from lakehouse.settings import JobSettings

SEPARATOR = "//"


def main(argv: list[str]) -> int:
    """Run the command lines; a first JSON line gives the start time of the session, seconds."""
    start_logging()
    started = time.monotonic()
    context = Context(JobSettings(), "benchmark")
    context.spark.range(1).count()
    report({"job": "session", "seconds": round(time.monotonic() - started, 1)})
    for is_separator, words in groupby(argv, SEPARATOR.__eq__):
        if not is_separator:
            name, *arguments = words
            job = importlib.import_module(f"jobs.{name}").JOB
            started = time.monotonic()
            result = job.run(context, job.parser().parse_args(arguments))
            report({"job": name, **result, "seconds": round(time.monotonic() - started, 1)})
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
