"""Control totals: the tills' totals per shop and day, compared with the lake's live sales."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from ingestion.catalogue.aliases import read_aliases
from ingestion.sales.versions import LIVE
from lakehouse.delta.arrow import read_batches
from lakehouse.errors import SourceError
from lakehouse.lake import Lake
from lakehouse.profile.date_format import date_reader
from lakehouse.storage import filesystem, normal_uri
from lakehouse.tables.silver import DAILY_SALES
from lakehouse.types import PRICE
from lakehouse.values import clean_id, decimal_reader

KEY = ("shop_id", "date")
TOTALS = ("rows", "units", "revenue")
COLUMNS = ("shop_id", "date", *TOTALS)
# Tills round to cents, so that totals that differ by less agree.
CENT = Decimal("0.01")
# Decimals of a revenue in messages; sums of sales are exact.
SHOWN = Decimal("0.0001")

ShopDay = tuple[str, date]
Totals = dict[str, Decimal | None]


@dataclass(frozen=True)
class ControlComparison:
    """The result of comparing control totals with the lake.

    Attributes:
        agree: number of shop-days with equal totals.
        disagree: shop-days with different totals, each with the differences.
        missing_here: shop-days that only the control file has.
        missing_there: shop-days that only the lake has.
    """

    agree: int
    disagree: Sequence[str]
    missing_here: Sequence[str]
    missing_there: Sequence[str]


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
    return dict(read_line(location, number, row, read_date) for number, row in enumerate(rows, 2))


def read_line(
    location: str, number: int, row: Mapping[str, str], read_date: Callable[[str], date | None]
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


def compare(lake: Lake, control: Mapping[ShopDay, Totals]) -> ControlComparison:
    """Compare control totals with the live sales between the first and last day, per shop-day.

    Aliases of a shop are added up first.
    """
    days = [day for _, day in control]
    aliases = read_aliases(lake)
    there = add_up_aliases(control, aliases)
    here = add_up_aliases(sum_shop_days(lake, min(days), max(days)), aliases) if days else {}
    both = sorted(here.keys() & there.keys())
    faults = {key: fault for key in both if (fault := describe_difference(here[key], there[key]))}
    return ControlComparison(
        len(both) - len(faults),
        [f"{name_shop_day(key)}: {fault}" for key, fault in faults.items()],
        [name_shop_day(key) for key in sorted(there.keys() - here.keys())],
        [name_shop_day(key) for key in sorted(here.keys() - there.keys())],
    )


def name_shop_day(key: ShopDay) -> str:
    """Write a shop-day for a message."""
    return f"shop {key[0]} on {key[1]}"


def describe_difference(here: Totals, there: Totals) -> str:
    """Explain in which totals lake and till differ; empty where the totals agree."""
    return ", ".join(
        f"{name} {here[name]} in the lake, {stated} in the till"
        for name in TOTALS
        if (stated := there[name]) is not None and abs((here[name] or 0) - stated) >= CENT
    )


def add_up_aliases(
    days: Mapping[ShopDay, Totals], aliases: Mapping[str, str]
) -> dict[ShopDay, Totals]:
    """Add up the totals of aliases of the same shop, per day."""
    resolved: dict[ShopDay, Totals] = {}
    for (shop, day), totals in days.items():
        key = (aliases.get(shop, shop), day)
        resolved[key] = add_totals(resolved[key], totals) if key in resolved else totals
    return resolved


def add_totals(one: Totals, other: Totals) -> Totals:
    """Add two shop-days' totals; a total that is None in either is None."""
    pairs = {name: (one[name], other[name]) for name in TOTALS}
    return {
        name: None if first is None or second is None else first + second
        for name, (first, second) in pairs.items()
    }


def sum_shop_days(lake: Lake, first: date, last: date) -> dict[ShopDay, Totals]:
    """Sum the live sales of each shop and day; a sale without a price adds no revenue."""
    parts = [sum_batch(batch) for batch in read_live_sales(lake, first, last)]
    if not parts:
        return {}
    sums = pa.concat_tables(parts).group_by(list(KEY)).aggregate([(name, "sum") for name in TOTALS])
    return {
        (row["shop_id"], row["date"]): {
            "rows": Decimal(row["rows_sum"]),
            "units": row["units_sum"],
            "revenue": row["revenue_sum"].quantize(SHOWN),
        }
        for row in sums.to_pylist()
    }


def read_live_sales(lake: Lake, first: date, last: date) -> Iterator[pa.RecordBatch]:
    """Read shop, date, units and price of the live sales from first to last day, in batches."""
    days = [("date", ">=", first), ("date", "<=", last)]
    yield from read_batches(lake, DAILY_SALES, [*KEY, "units", "price"], [LIVE, *days])


def sum_batch(batch: pa.RecordBatch) -> pa.Table:
    """Sum one batch of sales by shop and day: ``[*KEY, *TOTALS]``."""
    lines = pa.table(
        {
            **{name: batch[name] for name in KEY},
            "rows": pa.repeat(1, len(batch)),
            "units": batch["units"],
            "revenue": pc.multiply(batch["units"], pc.fill_null(batch["price"], Decimal(0))),
        }
    )
    sums = lines.group_by(list(KEY)).aggregate([(name, "sum") for name in TOTALS])
    return sums.rename_columns([*KEY, *TOTALS])
