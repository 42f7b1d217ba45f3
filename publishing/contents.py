"""Contents of a copy: which tables and how much history of a lake are copied."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TypeAlias

import pyarrow as pa

from features.groups import shop_item
from features.tables import monthly_table
from lakehouse.delta.arrow import Filters, read_batches
from lakehouse.forecast_checks import check_forecasts
from lakehouse.lake import Lake
from lakehouse.profile.stored import stored_profile
from lakehouse.table import Column, Table
from lakehouse.tables.gold import FORECAST_SCORES, FORECAST_VERSIONS, FORECASTS
from lakehouse.tables.overrides import OVERRIDE_SCORES, OVERRIDES
from lakehouse.tables.silver import DAILY_SALES, ITEMS, MONTHS, SHOPS
from publishing.units import Unit, month_units, version_units, whole_unit

Batches: TypeAlias = Iterator[pa.RecordBatch]


def unchanged(batches: Batches) -> Batches:
    """Return batches as they are."""
    return batches


@dataclass(frozen=True)
class CopiedTable:
    """A table of the copy.

    Attributes:
        name: name of the table in the database.
        source: the table of the lake that the rows come from.
        names: columns to copy, in order.
        key: columns that identify a row.
        description: meaning of a row; empty: the description of ``source``.
        convert: batches of ``source`` → batches with the columns ``names``.
        columns: declarations of the copied columns.
    """

    name: str
    source: Table
    names: tuple[str, ...]
    key: tuple[str, ...]
    description: str = ""
    convert: Callable[[Batches], Batches] = unchanged
    columns: tuple[Column, ...] = field(init=False)

    def __post_init__(self) -> None:
        declared = {column.name: column for column in self.source.columns}
        object.__setattr__(self, "columns", tuple(declared[name] for name in self.names))
        object.__setattr__(self, "description", self.description or self.source.description)

    @classmethod
    def of(cls, source: Table, leave_out: Sequence[str] = ()) -> "CopiedTable":
        """Copy a table under its own name, without some columns."""
        names = tuple(name for name in source.names if name not in leave_out)
        return cls(source.name, source, names, source.key)

    def read(self, lake: Lake, unit: Unit) -> Batches:
        """Read the rows of a unit in batches, so that memory never holds a whole unit.

        Raises:
            LakeError: forecasts of a published version are missing or not sound; forecast again,
                or withdraw the version.
        """
        batches = read_batches(lake, self.source, self.names, unit.filters)
        if unit.rows is not None:
            batches = check_forecasts(lake, unit.name, unit.rows, batches)
        return self.convert(batches)


def distinct_categories(batches: Batches) -> Batches:
    """Reduce items to one row per category; of several names, the last in alphabetical order."""
    items = pa.Table.from_batches(list(batches))
    named = items.group_by("category_id").aggregate([("category_name", "max")])
    yield from named.rename_columns(["category_id", "category_name"]).to_batches()


COPIED_SHOPS = CopiedTable.of(SHOPS)
COPIED_ITEMS = CopiedTable.of(ITEMS)
CATEGORIES = CopiedTable(
    "categories",
    ITEMS,
    ("category_id", "category_name"),
    ("category_id",),
    "The categories of the items known.",
    distinct_categories,
)
COPIED_MONTHS = CopiedTable.of(MONTHS)
COPIED_FORECASTS = CopiedTable.of(FORECASTS)
COPIED_VERSIONS = CopiedTable.of(FORECAST_VERSIONS, leave_out=["inputs"])
COPIED_SCORES = CopiedTable.of(FORECAST_SCORES, leave_out=["cells"])
COPIED_OVERRIDES = CopiedTable.of(OVERRIDES)
COPIED_OVERRIDE_SCORES = CopiedTable.of(OVERRIDE_SCORES, leave_out=["inputs"])
# A copy has live sales alone: the columns of tombstones and of the records' origin stay behind.
COPIED_SALES = CopiedTable(
    "daily_sales",
    DAILY_SALES,
    ("sale_id", "date", "month", "shop_id", "item_id", "units", "price", "updated_at"),
    ("sale_id",),
    "The live sales, each in its latest version.",
)
LIVE: Filters = [("is_cancelled", "=", False)]
MONTHLY_COLUMNS = (
    *("shop_id", "item_id", "month", "sales", "units", "target", "revenue", "priced_units"),
    *("sale_days", "offer_days"),
)


FIXED = (
    COPIED_SHOPS,
    COPIED_ITEMS,
    CATEGORIES,
    COPIED_MONTHS,
    COPIED_VERSIONS,
    COPIED_FORECASTS,
    COPIED_SCORES,
    COPIED_OVERRIDES,
    COPIED_OVERRIDE_SCORES,
    COPIED_SALES,
)


@dataclass(frozen=True)
class Extent:
    """How much a copy has.

    Attributes:
        versions: number of forecast versions, newest first.
        sales_from: first month of daily sales; None: no daily sales.
        keep: how long superseded copies stay for readers that still use them.
    """

    versions: int
    sales_from: date | None
    keep: timedelta


def monthly_cells(lake: Lake) -> Table:
    """Return the declaration of the monthly cells of pairs."""
    return monthly_table(shop_item(stored_profile(lake).target_clip))


def copied_tables(lake: Lake) -> tuple[CopiedTable, ...]:
    """List the tables of the copy of a lake."""
    cells = monthly_cells(lake)
    return (*FIXED, CopiedTable("monthly_sales", cells, MONTHLY_COLUMNS, cells.key))


def units_of(lake: Lake, table: CopiedTable, extent: Extent) -> Sequence[Unit]:
    """List the units of a table that a copy of an extent has.

    Args:
        lake: the lake; a table that was never created has no units.
        table: a table of the copy.
        extent: how much history the copy has.
    """
    if table is COPIED_FORECASTS:
        return version_units(lake, extent.versions)
    if table is COPIED_SALES:
        first = extent.sales_from
        return month_units(lake, DAILY_SALES, first, LIVE) if first else []
    if "month" in table.source.partition_by:
        return month_units(lake, table.source)
    return whole_unit(lake, table.source)
