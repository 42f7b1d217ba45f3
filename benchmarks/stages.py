"""Pipeline stages on full-size generated data: wall time, peak memory, rows, columns, bytes.

    python -m benchmarks.stages --out FOLDER [--work FOLDER] [--scale small|full]

Writes stages.json and stages.md into FOLDER.
"""

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

from benchmarks.process_tree import measured

JOB = [sys.executable, "-m"]
SESSION = [sys.executable, "-m", "benchmarks.session"]


def stages(work: Path, scale: str) -> Iterator[tuple[str, list[str]]]:
    """Yield the name and the command of each stage, in order."""
    data, lake = str(work / "data"), str(work / "lake")
    on_lake = ["--lake", lake]
    grid = [*on_lake, "--spine", "grid"]
    last = ["--from", "2015-10", "--through", "2015-10", "--rebuild"]
    yield "make sample data", [*JOB, "jobs.make_sample", "--out", data, "--scale", scale]
    yield (
        "ingest history",
        [*JOB, "jobs.ingest_history", *on_lake, "--data", data, "--profile", "sample"],
    )
    yield "close month", [*JOB, "jobs.close_month", *on_lake]
    build = ["build_features", *on_lake, "//", "build_panel", *grid]
    yield "full build: cells, features, panel", [*SESSION, *build]
    month = ["build_features", *on_lake, *last, "//", "build_panel", *grid, *last]
    yield "one month, in a session that built one before", [*SESSION, *month, "//", *month]


def row(name: str, command: list[str]) -> dict[str, Any]:
    """Run one stage, and return time, memory and the results of the steps."""
    found = measured(command)
    return {
        "stage": name,
        "seconds": found.seconds,
        "peak_mib": found.peak_mib,
        "steps": found.results,
    }


def as_markdown(rows: list[dict[str, Any]]) -> str:
    """Write a Markdown table: a line per stage, and a line per step of a stage."""
    lines = ["| stage | wall, s | peak, MiB | what |", "| --- | ---: | ---: | --- |"]
    for found in rows:
        lines.append(f"| {found['stage']} | {found['seconds']} | {found['peak_mib']} | |")
        for step in found["steps"]:
            figures = {k: v for k, v in step.items() if k not in ("job", "seconds", "status")}
            lines.append(f"| – {step['job']} | {step['seconds']} | | {json.dumps(figures)} |")
    return "\n".join(lines) + "\n"


def machine() -> dict[str, Any]:
    """Describe this machine: cores, memory, Python and load."""
    return {
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30),
        "python": platform.python_version(),
        "load_before": os.getloadavg()[0],
    }


def main() -> int:
    """Measure every stage and write the results."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.stages", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder of the results")
    parser.add_argument("--work", type=Path, help="folder of data and lake (default: a new one)")
    parser.add_argument("--scale", default="full", choices=("small", "full"))
    arguments = parser.parse_args()
    described = machine()
    with tempfile.TemporaryDirectory() as folder:
        work = arguments.work or Path(folder)
        rows = [row(name, command) for name, command in stages(work, arguments.scale)]
    arguments.out.mkdir(parents=True, exist_ok=True)
    (arguments.out / "stages.json").write_text(json.dumps({"machine": described, "stages": rows}))
    (arguments.out / "stages.md").write_text(as_markdown(rows))
    sys.stdout.write(as_markdown(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
