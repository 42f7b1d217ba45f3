"""Item documents: catalogue, prices by month and forecasts of each item, read from a lake."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from lakehouse.delta import listing, log
from lakehouse.delta.arrow import Filters, read_batches, read_table
from lakehouse.lake import Lake
from lakehouse.table import Table
from lakehouse.tables.gold import FORECASTS
from lakehouse.tables.silver import ITEMS
from publishing.contents import monthly_cells
from publishing.versions import served_version

# A document is JSON, whose values have any type.
Document: TypeAlias = dict[str, Any]
ITEM = "item_id"
CATALOGUE = (ITEM, "name", "category_id", "category_name", "listed_on", "attributes")
ITEMS_AT_ONCE = 1000
# Prices have six decimals in the lake; a mean of prices keeps four.
DECIMALS = 4


def item_documents(lake: Lake) -> Iterator[list[Document]]:
    """Yield the documents of all items, ``ITEMS_AT_ONCE`` at a time, in the order of their ids.

    An item has a document if the catalogue lists it, or if it was ever sold or is forecast. Memory
    holds a row per item and month, not the sales of shops.
    """
    catalogue, prices = read_catalogue(lake), item_prices(lake)
    version, forecasts = item_forecasts(lake)
    tables = (catalogue, prices, forecasts)
    ids = pc.unique(pa.chunked_array([c for t in tables for c in t[ITEM].chunks], pa.string()))
    ids = ids.take(pc.sort_indices(ids))
    catalogue_, prices_, forecasts_ = (RowsByItem.of(table, ids) for table in tables)
    for first in range(0, len(ids), ITEMS_AT_ONCE):
        chunk = ids[first : first + ITEMS_AT_ONCE].to_pylist()
        listed, priced, forecast = (
            rows.of_items(first, len(chunk)) for rows in (catalogue_, prices_, forecasts_)
        )
        yield [
            {
                "_id": item,
                **describe_item(listed[place]),
                "prices": priced[place],
                "forecasts": {**version, "months": forecast[place]},
            }
            for place, item in enumerate(chunk)
        ]


@dataclass(frozen=True)
class RowsByItem:
    """Rows of a table by item.

    Attributes:
        rows: the rows, sorted by item.
        numbers: the item's number of each row, ascending.
    """

    rows: pa.Table
    numbers: npt.NDArray[np.int32]

    @classmethod
    def of(cls, rows: pa.Table, ids: pa.Array) -> "RowsByItem":
        """Sort rows by the place of their item in ``ids``; rows of an item keep their order."""
        numbers = pc.index_in(rows[ITEM], value_set=ids).to_numpy()
        order = np.argsort(numbers, kind="stable")
        return cls(rows.drop_columns(ITEM).take(pa.array(order)), numbers[order])

    def of_items(self, first: int, count: int) -> list[list[Document]]:
        """Return the rows of ``count`` items from a number on, a list for each item."""
        bounds = np.searchsorted(self.numbers, np.arange(first, first + count + 1))
        rows = self.rows.slice(bounds[0], bounds[-1] - bounds[0])
        values = rows.to_pylist(maps_as_pydicts="strict")
        offsets = bounds - bounds[0]
        return [values[a:b] for a, b in pairwise(offsets)]


def describe_item(listed: Sequence[Document]) -> Document:
    """Return an item's catalogue fields; null for an item that the catalogue does not list."""
    row = listed[0] if listed else dict.fromkeys(CATALOGUE[1:])
    day = row["listed_on"]
    return {**row, "listed_on": None if day is None else day.isoformat()}


def read_catalogue(lake: Lake) -> pa.Table:
    """Read the catalogue of items; empty if the table was never created."""
    if not log.exists(lake, ITEMS):
        return pa.schema([ITEMS.schema.field(name) for name in CATALOGUE]).empty_table()
    return read_table(lake, ITEMS, CATALOGUE)


def item_prices(lake: Lake) -> pa.Table:
    """Aggregate what buyers paid, by item and month.

    Returns:
        ``[item_id, month, low, mean, high, shops, units]``, months ascending: the range over shops
        of the shops' mean prices, the mean over all units, the number of shops, and the units that
        the prices are of.
    """
    cells = monthly_cells(lake)
    months = sorted(listing.month_digests(lake, cells)) if log.exists(lake, cells) else []
    return pa.concat_tables([NO_PRICES, *(month_prices(lake, cells, month) for month in months)])


NO_PRICES = pa.schema(
    [
        (ITEM, pa.string()),
        ("month", pa.string()),
        ("low", pa.float64()),
        ("mean", pa.float64()),
        ("high", pa.float64()),
        ("shops", pa.int64()),
        ("units", pa.float64()),
    ]
).empty_table()


def month_prices(lake: Lake, cells: Table, month: date) -> pa.Table:
    """Aggregate what buyers paid in a month, by item; columns of ``item_prices``."""
    sold = read_table(lake, cells, (ITEM, "revenue", "priced_units"), [("month", "=", month)])
    paid = sold.filter(pc.greater(sold["priced_units"].cast(pa.float64()), 0))
    revenue, units = (paid[name].cast(pa.float64()) for name in ("revenue", "priced_units"))
    shops = pa.table(
        {ITEM: paid[ITEM], "price": pc.divide(revenue, units), "revenue": revenue, "units": units}
    )
    items = shops.group_by(ITEM).aggregate(
        [
            ("price", "min"),
            ("price", "max"),
            ("revenue", "sum"),
            ("units", "sum"),
            ("price", "count"),
        ]
    )
    columns = {
        ITEM: items[ITEM],
        "month": pa.repeat(f"{month:%Y-%m}", len(items)),
        "low": pc.round(items["price_min"], DECIMALS),
        "mean": pc.round(pc.divide(items["revenue_sum"], items["units_sum"]), DECIMALS),
        "high": pc.round(items["price_max"], DECIMALS),
        "shops": items["price_count"],
        "units": items["units_sum"],
    }
    return pa.table(columns, schema=NO_PRICES.schema)


NO_FORECASTS = pa.schema(
    [
        (ITEM, pa.string()),
        ("month", pa.string()),
        ("horizon", pa.int32()),
        ("units", pa.float64()),
        ("shops", pa.int64()),
    ]
).empty_table()


def item_forecasts(lake: Lake) -> tuple[Mapping[str, str | None], pa.Table]:
    """Sum the served forecasts over shops, by item and month.

    Returns:
        ``{version, cutoff}``, null where nothing is published, and ``[item_id, month, horizon,
        units, shops]``, months ascending.
    """
    served = served_version(lake)
    if served is None:
        return {"version": None, "cutoff": None}, NO_FORECASTS
    keys = [ITEM, "month", "horizon"]
    filters: Filters = [("version", "=", served.version)]
    parts = [
        pa.table(batch).group_by(keys).aggregate([("units", "sum"), ("units", "count")])
        for batch in read_batches(lake, FORECASTS, [*keys, "units"], filters)
    ]
    version = {"version": served.version, "cutoff": f"{served.cutoff:%Y-%m}"}
    if not parts:
        return version, NO_FORECASTS
    sums = [("units_sum", "sum"), ("units_count", "sum")]
    totals = pa.concat_tables(parts).group_by(keys).aggregate(sums).sort_by("month")
    columns = {
        ITEM: totals[ITEM],
        "month": pc.strftime(totals["month"], "%Y-%m"),
        "horizon": totals["horizon"],
        "units": pc.round(totals["units_sum_sum"], DECIMALS),
        "shops": totals["units_count_sum"],
    }
    return version, pa.table(columns, schema=NO_FORECASTS.schema)
