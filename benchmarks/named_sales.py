"""Micro-batch costs by number of stored sales: a lake, and one with ten times as many sales.

    python -m benchmarks.named_sales --work DIR --out FILE [--sales 1100000] [--size 1000]

Creates two lakes of random sales in 33 months, plus a last month of the same size in both. Cancels
sales once, then ingests micro-batches into silver in this process: sales of the last month, sales
with their own sale_id, and cancellations of sales of any month. Writes the times as JSON to FILE.
"""

import argparse
import json
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from ingestion.sales.intake import merge_few_sales
from lakehouse.delta import creation
from lakehouse.delta.arrow import append_rows
from lakehouse.lake import Lake
from lakehouse.month_range import plus_months
from lakehouse.profile.profile import load_profile
from lakehouse.profile.stored import claim_lake, stored_profile
from lakehouse.tables.bronze import RECEIVED
from lakehouse.tables.silver import DAILY_OFFERS, DAILY_SALES, REPLACED_DAYS
from lakehouse.types import PRICE, UNITS, WHOLE

FIRST, MONTHS, LAST_MONTH, TIMES, ROUNDS = date(2013, 1, 1), 33, 30_000, 10, 5
NOW = datetime(2016, 1, 1, tzinfo=UTC)
LENGTH = 32
Values = Iterator[list[bytes]]


def ids(seed: int, number: int) -> pa.Array:
    """Draw random ids in the form of content digests: 32 hexadecimal digits."""
    text = np.random.default_rng(seed).bytes(number * LENGTH // 2).hex().encode()
    offsets = pa.py_buffer(np.arange(0, (number + 1) * LENGTH, LENGTH, dtype=np.int32))
    return pa.StringArray.from_buffers(number, offsets, pa.py_buffer(text))


def month_of_sales(month: date, seed: int, number: int) -> pa.Table:
    """Create ``number`` sales of a month, columns of silver.daily_sales."""
    columns = {
        "sale_id": ids(seed, number),
        **dict.fromkeys(("date", "month"), pa.repeat(pa.scalar(month), number)),
        **{name: pa.repeat(pa.scalar("1"), number) for name in ("shop_id", "item_id")},
        "units": pa.repeat(pa.scalar(Decimal(1), UNITS), number),
        "price": pa.repeat(pa.scalar(Decimal(1), PRICE), number),
        "partition": pa.repeat(pa.scalar(0, WHOLE), number),
        "offset": pa.array(np.arange(number)),
        "is_cancelled": pa.repeat(pa.scalar(False), number),
        "source": pa.repeat(pa.scalar("till"), number),
        **dict.fromkeys(("updated_at", "ingested_at"), pa.repeat(pa.scalar(NOW), number)),
    }
    return pa.table(columns)


def make_lake(folder: Path, sales: int) -> Lake:
    """Create a lake with ``sales`` sales before the last month and ``LAST_MONTH`` in that month."""
    lake = Lake.at(str(folder))
    claim_lake(lake, load_profile("sample"))
    for table in (DAILY_SALES, DAILY_OFFERS, REPLACED_DAYS):
        creation.create_table(lake, table)
    for number in range(MONTHS):
        month = plus_months(FIRST, number)
        append_rows(lake, DAILY_SALES, month_of_sales(month, number, sales // MONTHS))
    last = plus_months(FIRST, MONTHS)
    append_rows(lake, DAILY_SALES, month_of_sales(last, MONTHS, LAST_MONTH))
    return lake


class Intake:
    """A lake that ingests micro-batches into silver.

    Attributes:
        lake: the lake to change.
        sales: number of sales before the last month.
        offsets: offsets of the next events.
    """

    def __init__(self, lake: Lake, sales: int) -> None:
        self.lake, self.sales, self.offsets = lake, sales, count()

    def put(self, values: list[bytes]) -> dict[str, float]:
        """Ingest a micro-batch, and return the seconds and the MB that the process read."""
        fields = {
            "source": ["benchmark"] * len(values),
            "partition": [0] * len(values),
            "offset": [next(self.offsets) for _ in values],
            "value": values,
            **dict.fromkeys(("received_at", "ingested_at"), [datetime.now(UTC)] * len(values)),
        }
        events = pa.table(fields, pa.schema([column.field for column in RECEIVED]))
        started, read = time.monotonic(), bytes_read()
        merge_few_sales(self.lake, events, stored_profile(self.lake))
        return {
            "seconds": time.monotonic() - started,
            "MB read": (bytes_read() - read) / 1e6,
        }

    def kinds(self, size: int) -> dict[str, Callable[[], list[bytes]]]:
        """Return kind of micro-batch → function that makes one, with ``size`` records."""
        chosen, last = random.Random(5), plus_months(FIRST, MONTHS)
        stored = [
            text
            for number in range(MONTHS)
            for text in ids(number, self.sales // MONTHS).slice(0, size).to_pylist()
        ]

        def sale(**fields: str) -> bytes:
            day = (last + timedelta(chosen.randrange(28))).strftime("%d.%m.%Y")
            price = f"{chosen.randint(100, 99_999) / 100}"
            about = {"date": day, "shop_id": "1", "item_id": "2", "units": "1", "price": price}
            return json.dumps({**about, **fields}).encode()

        def cancel() -> bytes:
            return json.dumps({"op": "cancel", "sale_id": chosen.choice(stored)}).encode()

        def named() -> bytes:
            return sale(sale_id=f"till-{chosen.getrandbits(64):x}")

        return {
            "sales of the last month": lambda: [sale() for _ in range(size)],
            "new sales that name themselves": lambda: [named() for _ in range(size)],
            "the same with one cancel": lambda: [cancel(), *(sale() for _ in range(size - 1))],
            "10 cancels of sales of any month": lambda: [cancel() for _ in range(10)],
        }


def bytes_read() -> int:
    """Return how many bytes this process has read."""
    counters = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return int(counters["rchar"])


def measure(intake: Intake, size: int) -> dict[str, Any]:
    """Ingest every kind of micro-batch ``ROUNDS`` times; return the medians per kind.

    The first cancellation is measured apart.
    """
    kinds = intake.kinds(size)
    found: dict[str, Any] = {
        "first cancel": intake.put(kinds["10 cancels of sales of any month"]())
    }
    for kind, made in kinds.items():
        each = [intake.put(made()) for _ in range(ROUNDS)]
        found[kind] = {name: statistics.median(one[name] for one in each) for name in each[0]}
    found["peak of Arrow's memory, MB"] = pa.default_memory_pool().max_memory() / 1e6
    return found


def main() -> int:
    """Measure from a command line, and write the results as JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.named_sales", description=__doc__)
    parser.add_argument("--work", type=Path, required=True, help="an empty folder")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--sales", type=int, default=1_100_000, help="in the smaller lake")
    parser.add_argument("--size", type=int, default=1000, help="records of a micro-batch")
    arguments = parser.parse_args()
    found = {
        f"{sales:,} sales": measure(
            Intake(make_lake(arguments.work / str(sales), sales), sales), arguments.size
        )
        for sales in (arguments.sales, TIMES * arguments.sales)
    }
    arguments.out.write_text(json.dumps(found, indent=1))
    sys.stdout.write(json.dumps(found, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
