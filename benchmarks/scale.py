"""Growth of the steps: the same work on chains of several sizes, with 1 and 2 Spark tasks at once.

    python -m benchmarks.scale --work FOLDER [--scale small|full] [--sizes 1,10] [--slots 1,2]
        [--steps ingest_history,…]

A chain of size N is the generated chain N times: the shops are others, the items the same. Each
step is a new process with a session of so many task slots (``local[N]``). Prints a JSON line
per step, and at last a Markdown table: seconds and memory, seconds per million daily rows, and how
many times the seconds per row of the smallest chain with as many slots. Memory is that of the
driver and its Python processes together.
"""

import argparse
import csv
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from benchmarks.process_tree import measured
from cli.command import report

SALES, SHOPS, SHOP = "sales_train.csv", "shops.csv", "shop_id"
LISTS = ("items.csv", "item_categories.csv")
PROFILE = "sample"


@dataclass(frozen=True)
class Measured:
    """A measured step.

    Attributes:
        size: how many times the generated chain.
        slots: tasks at once.
        step: name of the step.
        seconds: wall time of the process.
        peak_mib: memory of all processes.
        sales: daily rows of the chain.
    """

    size: int
    slots: int
    step: str
    seconds: float
    peak_mib: int
    sales: int

    @property
    def per_million(self) -> float:
        """Seconds per million daily rows."""
        return self.seconds / self.sales * 1e6


def make_chain(once: Path, folder: Path, size: int) -> int:
    """Write a chain of a size from the generated chain; returns the number of daily rows.

    Args:
        once: folder of the generated chain.
        folder: folder of the files; made.
        size: how many times the generated chain.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name in LISTS:
        shutil.copy(once / name, folder / name)
    with (once / SHOPS).open(newline="", encoding="utf-8") as file:
        header, *shops = csv.reader(file)
    place = header.index(SHOP)
    step = 1 + max(int(shop[place]) for shop in shops)
    with (folder / SHOPS).open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        for copy, shop in product(range(size), shops):
            other = str(int(shop[place]) + copy * step)
            named = [other if i == place else f"{text} {copy}" for i, text in enumerate(shop)]
            writer.writerow(named)
    texts = pa.csv.ConvertOptions(column_types=dict.fromkeys(columns_of(once / SALES), pa.string()))
    whole = pa.csv.ParseOptions(invalid_row_handler=lambda _: "skip")
    sales = pa.csv.read_csv(once / SALES, parse_options=whole, convert_options=texts)
    sales = sales.filter(pc.match_substring_regex(sales[SHOP], r"^\d+$"))
    for copy in range(size):
        shop = pc.cast(pc.add(pc.cast(sales[SHOP], pa.int64()), copy * step), pa.string())
        other = sales.set_column(sales.column_names.index(SHOP), SHOP, shop)
        pa.csv.write_csv(
            other, folder / f"sales_{copy}.csv", pa.csv.WriteOptions(quoting_style="none")
        )
    return int(size * sales.num_rows)


def columns_of(file: Path) -> list[str]:
    """Return the column names of a CSV file."""
    with file.open(encoding="utf-8") as lines:
        return lines.readline().strip().split(",")


def commands(data: Path, lake: Path) -> Mapping[str, list[str]]:
    """Return the words of each step, in order."""
    on_lake = ["--lake", str(lake)]
    return {
        "ingest_history": [*on_lake, "--data", str(data), "--profile", PROFILE],
        "close_month": on_lake,
        "build_features": on_lake,
        "build_panel": on_lake,
        "train": [*on_lake, "--as-is"],
    }


def steps(
    work: Path, size: int, all_slots: Sequence[int], wanted: Sequence[str]
) -> Iterator[Measured]:
    """Run the wanted steps on a chain of a size, and yield what each took."""
    data = work / f"data-{size}"
    sales = make_chain(work / "once", data, size)
    for slots in all_slots:
        lake = work / f"lake-{size}-{slots}"
        shutil.rmtree(lake, ignore_errors=True)
        os.environ["SPARK_MASTER"] = f"local[{slots}]"
        for step, arguments in commands(data, lake).items():
            if step in wanted:
                found = measured([sys.executable, "-m", f"jobs.{step}", *arguments])
                yield Measured(size, slots, step, found.seconds, found.peak_mib, sales)
    shutil.rmtree(data)


def as_markdown(found: Sequence[Measured]) -> str:
    """Write a Markdown table: a line per step, size and number of slots."""
    lines = [
        "| step | size | slots | s | peak, MiB | s per million daily rows | of the smallest |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for one in sorted(found, key=lambda each: (each.step, each.slots, each.size)):
        alike = (f for f in found if (f.step, f.slots) == (one.step, one.slots))
        growth = one.per_million / min(alike, key=lambda each: each.size).per_million
        lines.append(
            f"| {one.step} | {one.size} × | {one.slots} | {one.seconds:.1f} | {one.peak_mib:,} "
            f"| {one.per_million:.2f} | {growth:.2f} |"
        )
    return "\n".join(lines) + "\n"


def numbers(text: str) -> list[int]:
    """Read whole numbers that commas divide."""
    return [int(number) for number in text.split(",")]


def words(text: str) -> list[str]:
    """Read words that commas divide."""
    return text.split(",")


def main() -> int:
    """Measure every step at every size with every number of slots."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.scale",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--work", type=Path, required=True, help="folder of data and lakes")
    parser.add_argument("--scale", default="full", choices=("small", "full"))
    parser.add_argument("--sizes", type=numbers, default=[1, 10], metavar="N,…")
    parser.add_argument("--slots", type=numbers, default=[1, 2], metavar="N,…")
    names = [*commands(Path(), Path())]
    parser.add_argument("--steps", type=words, default=names, metavar="NAME,…")
    arguments = parser.parse_args()
    sample = ["-m", "jobs.make_sample", "--out", str(arguments.work / "once")]
    subprocess.run([sys.executable, *sample, "--scale", arguments.scale], check=True)
    found = []
    for size in arguments.sizes:
        for one in steps(arguments.work, size, arguments.slots, arguments.steps):
            report(vars(one))
            found.append(one)
    sys.stdout.write(as_markdown(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
