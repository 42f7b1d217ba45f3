"""Control totals: the tills' totals per shop and day, compared with the lake's live sales."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from ingestion.sales.versions import LIVE
from lakehouse.delta import log
from lakehouse.delta.arrow import read_batches, read_table
from lakehouse.errors import SourceError
from lakehouse.lake import Lake
from lakehouse.profile.date_format import date_reader
from lakehouse.storage import filesystem, normal_uri
from lakehouse.tables.silver import DAILY_SALES, SHOPS
from lakehouse.types import PRICE, REVENUE
from lakehouse.values import clean_id, decimal_reader

KEY = ("shop_id", "date")
TOTALS = ("rows", "units", "revenue")
COLUMNS = ("shop_id", "date", *TOTALS)
# A till rounds to cents; the lake's revenue has four decimals per line.
CENT = Decimal("0.01")

ShopDay = tuple[str, date]
Totals = dict[str, Decimal | None]


@dataclass(frozen=True)
class Comparison:
    """The result of comparing control totals with the lake.

    Attributes:
        agree: number of shop-days with equal totals.
        disagree: shop-days with different totals, each with the differences.
        missing_here: shop-days that only the control file has.
        missing_there: shop-days that only the lake has.
    """

    agree: int
    disagree: list[str]
    missing_here: list[str]
    missing_there: list[str]


def read_control(location: str, date_format: str) -> dict[ShopDay, Totals]:
    """Read control totals from a CSV file.

    Args:
        location: path or URI of a CSV file with the columns shop_id, date, rows, units, revenue;
            an empty total is not compared.
        date_format: format of dates that are not in ISO form.

    Returns:
        Shop-day → totals; None for an empty total.

    Raises:
        SourceError: the file is missing, lacks a column, or has a value that cannot be read.
    """
    folder, _, name = normal_uri(location).rpartition("/")
    texts = pacsv.ConvertOptions(column_types=dict.fromkeys(COLUMNS, pa.string()))
    try:
        with filesystem(folder).open_input_stream(name) as stream:
            rows = pacsv.read_csv(stream, convert_options=texts).select(list(COLUMNS)).to_pylist()
    except (OSError, KeyError, pa.ArrowInvalid) as error:
        raise SourceError(
            f"{location}: not a CSV file with the columns {', '.join(COLUMNS)} ({error})."
        ) from None
    read_date = date_reader(date_format)
    return dict(
        control_line(location, number, row, read_date) for number, row in enumerate(rows, 2)
    )


def control_line(
    location: str, number: int, row: dict[str, str], read_date: Any
) -> tuple[ShopDay, Totals]:
    """Read one line of control totals.

    Raises:
        SourceError: the shop is empty, or the date or a total cannot be read.
    """
    day, read = read_date(row["date"]), decimal_reader(PRICE)
    totals = {name: read(row[name]) if row[name] else None for name in TOTALS}
    unread = [name for name in TOTALS if row[name] and totals[name] is None]
    if day is None or unread or not row["shop_id"]:
        raise SourceError(f"{location}: line {number}: cannot read {row}.")
    return (clean_id(row["shop_id"]) or row["shop_id"], day), totals


def compare(lake: Lake, control: dict[ShopDay, Totals]) -> Comparison:
    """Compare control totals with the live sales between the first and last day, per shop-day.

    Aliases of a shop are added up first.
    """
    days = [day for _, day in control]
    aliases = shop_aliases(lake)
    there = with_aliases(control, aliases)
    here = with_aliases(shop_days(lake, min(days), max(days)), aliases) if days else {}
    both = sorted(here.keys() & there.keys())
    faults = {key: fault for key in both if (fault := difference(here[key], there[key]))}
    return Comparison(
        len(both) - len(faults),
        [f"{named(key)}: {fault}" for key, fault in faults.items()],
        [named(key) for key in sorted(there.keys() - here.keys())],
        [named(key) for key in sorted(here.keys() - there.keys())],
    )


def named(key: ShopDay) -> str:
    """Write a shop-day for a message."""
    return f"shop {key[0]} on {key[1]}"


def difference(here: Totals, there: Totals) -> str:
    """Explain in which totals lake and till differ; empty where the totals agree."""
    return ", ".join(
        f"{name} {here[name]} in the lake, {said} in the till"
        for name in TOTALS
        if (said := there[name]) is not None and abs((here[name] or 0) - said) >= CENT
    )


def shop_aliases(lake: Lake) -> dict[str, str]:
    """Read from silver.shops the shop that each alias stands for."""
    if not log.exists(lake, SHOPS):
        return {}
    shops = read_table(lake, SHOPS, ["shop_id", "alias_of"], [("alias_of", "is null", False)])
    return dict(zip(shops["shop_id"].to_pylist(), shops["alias_of"].to_pylist(), strict=True))


def with_aliases(days: dict[ShopDay, Totals], aliases: dict[str, str]) -> dict[ShopDay, Totals]:
    """Add up the totals of aliases of the same shop, per day."""
    resolved: dict[ShopDay, Totals] = {}
    for (shop, day), totals in days.items():
        key = (aliases.get(shop, shop), day)
        resolved[key] = added(resolved[key], totals) if key in resolved else totals
    return resolved


def added(one: Totals, other: Totals) -> Totals:
    """Add two shop-days' totals; a total that is None in either is None."""
    pairs = {name: (one[name], other[name]) for name in TOTALS}
    return {
        name: None if first is None or second is None else first + second
        for name, (first, second) in pairs.items()
    }


def shop_days(lake: Lake, first: date, last: date) -> dict[ShopDay, Totals]:
    """Sum the live sales of each shop and day; a sale without a price adds no revenue."""
    parts = [daily_totals(batch) for batch in live_batches(lake, first, last)]
    if not parts:
        return {}
    sums = pa.concat_tables(parts).group_by(list(KEY)).aggregate([(name, "sum") for name in TOTALS])
    return {
        (row["shop_id"], row["date"]): {name: Decimal(row[f"{name}_sum"]) for name in TOTALS}
        for row in sums.to_pylist()
    }


def live_batches(lake: Lake, first: date, last: date) -> Iterator[pa.RecordBatch]:
    """Read shop, date, units and price of the live sales from first to last day, in batches."""
    days = [("date", ">=", first), ("date", "<=", last)]
    yield from read_batches(lake, DAILY_SALES, [*KEY, "units", "price"], [LIVE, *days])


def daily_totals(batch: pa.RecordBatch) -> pa.Table:
    """Sum one batch of sales by shop and day: ``[*KEY, *TOTALS]``."""
    exact = pc.multiply(batch["units"], pc.fill_null(batch["price"], Decimal(0)))
    revenue = pc.round(exact, 4, round_mode="half_towards_infinity").cast(REVENUE)
    lines = pa.table(
        {
            **{name: batch[name] for name in KEY},
            "rows": pa.repeat(1, len(batch)),
            "units": batch["units"],
            "revenue": revenue,
        }
    )
    sums = lines.group_by(list(KEY)).aggregate([(name, "sum") for name in TOTALS])
    return sums.rename_columns([*KEY, *TOTALS])
