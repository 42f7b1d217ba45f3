"""What workers do for a check: sales to cells of drawn keys, and those against what is stored."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from features.ages import ITEM_AGE, first_sales, with_age
from features.attributes import Attributes, with_attributes
from features.compute import compute
from features.group import ITEM, SHOP, FeatureGroup
from features.groups import ITEM_GROUP
from features.measure import stored_form
from features.monthly import aggregate
from features.tables import features_table, monthly_table
from jobs.cells_task import PairCellsTask, cells_of_groups
from jobs.comparison import Counts, compare
from jobs.stored_entities import stored_entities
from jobs.stored_rows import CODED, stored_rows
from lakehouse.buckets import Bucket
from lakehouse.lake import Lake
from lakehouse.month_range import MonthRange
from lakehouse.table import Table
from lakehouse.types import COUNT, DATE

# A table's path and a column of it.
Place: TypeAlias = tuple[str, str]


@dataclass(frozen=True)
class RebuildTask:
    """Aggregates a month's sales to the cells of drawn keys, of every group; sent to the workers.

    Attributes:
        lake: where the tables are.
        groups: every group, the pair's own first.
        attributes: of shops and items.
        places: of each group, the number of each place and its keys.
    """

    lake: Lake
    groups: Sequence[FeatureGroup]
    attributes: Attributes
    places: Mapping[str, Sequence[tuple[int, Bucket]]]

    def __call__(self, piece: Mapping[str, Any]) -> Iterator[tuple[int, pa.Table]]:
        """Aggregate one month, or one bucket of its items.

        Args:
            piece: ``month``, ``bucket`` (its number and count), ``files`` by table.

        Yields:
            The number of a place and cells of it, in the columns of ``cells_schema``.
        """
        entities = stored_entities(self.lake, self.attributes, piece["files"])
        for pairs in PairCellsTask(self.lake, self.groups[0], 1)(piece):
            cells = cells_of_groups(pairs.rows, entities, self.groups)
            items = with_attributes(cells[ITEM_GROUP.name], entities[1:])
            for group in self.groups:
                below = cells[self.groups[0].name] if SHOP in group.keys else items
                made = cells.get(group.name, below).select(cells_schema(group).names)
                for number, keys in self.places[group.name]:
                    mine = keys.keep(made, group.keys[-1])
                    if len(mine):
                        yield number, mine.cast(cells_schema(group))


@dataclass(frozen=True)
class CompareTask:
    """Compares the stored rows of a place with rebuilt ones; sent to the workers.

    Attributes:
        lake: where the tables are.
        groups: every group, the pair's own first.
        history: the lake's months.
    """

    lake: Lake
    groups: Sequence[FeatureGroup]
    history: MonthRange

    def __call__(
        self, piece: Mapping[str, Any], rebuilt: Sequence[pa.Table]
    ) -> Iterator[tuple[Place, Counts]]:
        """Compare cells and features of one place, month by month.

        Args:
            piece: ``group``, ``bucket`` (its number and count), ``files`` by table and month.
            rebuilt: cells of the place in integer form, those of a month perhaps in several parts.

        Yields:
            For each month, table and column what was found.
        """
        group = next(g for g in self.groups if g.name == piece["group"])
        cells = pa.concat_tables([cells_schema(group).empty_table(), *rebuilt])
        if group != self.groups[0]:
            is_aged = ITEM_AGE in group.keys
            whole = with_age(cells, first_sales(cells)) if is_aged else cells
            cells = aggregate(whole, group) if len(cells) else whole
        for table, month, rows in self._wanted(group, piece, cells):
            columns = [name for name in table.names if name not in table.key]
            stored = self._stored(table, group, piece, month)
            for column, counts in compare(rows, stored, group.keys, columns, month[:7]).items():
                yield (table.path, column), counts

    def _wanted(
        self, group: FeatureGroup, piece: Mapping[str, Any], cells: pa.Table
    ) -> Iterator[tuple[Table, str, pa.Table]]:
        """Rebuild the rows of each table and month that is compared."""
        table = monthly_table(group)
        stored = stored_form(cells, group.measures)
        for month in piece["files"][table.path]:
            yield table, month, stored.filter(pc.equal(stored["month"], date.fromisoformat(month)))
        table = features_table(group)
        months = list(piece["files"][table.path])
        parts = compute(cells, self.history, map(date.fromisoformat, months), group)
        for month, part in zip(months, parts, strict=True):
            yield table, month, part

    def _stored(
        self, table: Table, group: FeatureGroup, piece: Mapping[str, Any], month: str
    ) -> pa.Table:
        files = {table.path: piece["files"][table.path][month]}
        columns = [name for name in table.names if name != "month"]
        read = stored_rows(self.lake, table, files, columns)
        return Bucket(*piece["bucket"]).keep(read, group.keys[-1])


def cells_schema(group: FeatureGroup) -> pa.Schema:
    """Return the columns of a group's cells in integer form, of items' cells where it has ages."""
    keys = [(ITEM if name == ITEM_AGE else name, CODED) for name in group.keys]
    return pa.schema([*keys, ("month", DATE), *((m.name, COUNT) for m in group.measures)])
