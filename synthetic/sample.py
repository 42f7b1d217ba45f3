"""Sample writer: the four files of a scale and a seed, sales drawn month by month."""

import csv
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from synthetic.blemishes import Blemishes, draw_blemishes
from synthetic.catalogue import draw_catalogue
from synthetic.demand import MonthDemand, draw_demand
from synthetic.lines import HEADER, sales_lines
from synthetic.prices import Prices, draw_prices
from synthetic.sales import draw_sales
from synthetic.scale import Scale

SALES_FILE = "sales_train.csv"
FILES = (SALES_FILE, "items.csv", "item_categories.csv", "shops.csv")


@dataclass(frozen=True)
class Figures:
    """Row counts of a sample, or of one month of a sample.

    Args:
        rows: lines of the sales file below its header, blemishes included.
        returns: lines with negative units, neither duplicates nor malformed.
        duplicates: lines that repeat a good line.
        malformed: lines that every reader should reject.
        panel_rows: sum over the months of shops with a sale times items with a sale.
    """

    rows: int = 0
    returns: int = 0
    duplicates: int = 0
    malformed: int = 0
    panel_rows: int = 0

    def __add__(self, other: "Figures") -> "Figures":
        """Add the figures of two sets of months."""
        return Figures(
            rows=self.rows + other.rows,
            returns=self.returns + other.returns,
            duplicates=self.duplicates + other.duplicates,
            malformed=self.malformed + other.malformed,
            panel_rows=self.panel_rows + other.panel_rows,
        )


def write_sample(scale: Scale, seed: int, folder: Path, tell: Callable[..., None]) -> Figures:
    """Write the four files of a sample; equal scales and seeds give equal bytes.

    Args:
        scale: the sample's size.
        seed: random seed, at least 0.
        folder: an existing folder; files with a sample file's name are overwritten.
        tell: called with a progress message: a %-format and the values that fill the format.

    Returns:
        The row counts of the sample.
    """
    seeds = np.random.SeedSequence(seed).spawn(4 + scale.months)
    streams = [np.random.default_rng(child) for child in seeds]
    catalogue = draw_catalogue(scale, streams[0])
    for name, rows in catalogue.files().items():
        write_rows(folder / name, rows)
    prices = draw_prices(scale, catalogue, streams[1])
    demand = draw_demand(scale, catalogue, prices, streams[2])
    blemishes = draw_blemishes(scale, streams[3])
    total = Figures()
    with (folder / SALES_FILE).open("w", encoding="utf-8", newline="") as file:
        file.write(HEADER)
        for month, added, rng in zip(demand, blemishes, streams[4:], strict=True):
            if month.month.number % 12 == 0:
                tell("drawing a year of sales from %s", month.month.first)
            lines, figures = draw_month(month, prices, added, rng)
            file.write("\n".join(lines.to_pylist()) + "\n")
            total += figures
    return total


def draw_month(
    demand: MonthDemand, prices: Prices, blemishes: Blemishes, rng: np.random.Generator
) -> tuple[pa.StringArray, Figures]:
    """Draw the CSV lines of one month, in the order of the file, and count the lines."""
    sales = draw_sales(demand, prices, rng)
    lines = blemishes.added_to(sales_lines(sales, demand.month), rng)
    figures = Figures(
        rows=len(lines),
        returns=int(np.count_nonzero(sales.units < 0)),
        duplicates=blemishes.duplicates,
        malformed=len(blemishes.defects),
        panel_rows=sales.panel_rows(),
    )
    return lines, figures


def write_rows(path: Path, rows: Iterable[tuple[str | int, ...]]) -> None:
    """Write rows as a CSV file, quoting only values that contain a comma or a quote."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
