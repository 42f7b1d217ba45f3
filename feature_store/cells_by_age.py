"""Worker task that aggregates stored cells of pairs or items to cells of groups by item age."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import pyarrow as pa

from feature_store.stored_entities import stored_entities
from feature_store.stored_rows import stored_rows, with_month
from feature_store.units import AgedUnit, MonthFiles
from features.ages import FIRST_SALES, earliest, first_sales, with_age
from features.attributes import Attributes, with_attributes
from features.group import ITEM, PRESENCE, FeatureGroup
from features.measure import stored_form
from features.monthly import aggregate, integer_form
from features.tables import ITEM_CELLS, monthly_table
from lakehouse.delta.parts import TableRows
from lakehouse.lake import Lake
from lakehouse.table import Table


@dataclass(frozen=True)
class AgedCellsTask:
    """Aggregates stored cells to the cells of groups with item age as a key.

    Attributes:
        lake: the lake that has the tables.
        groups: the groups with item age as a key.
        below: the group whose stored cells are aggregated.
        attributes: attributes of shops and items.
    """

    lake: Lake
    groups: tuple[FeatureGroup, ...]
    below: FeatureGroup
    attributes: Attributes

    def __call__(self, unit: AgedUnit) -> Iterator[TableRows]:
        """Aggregate months, file by file, so that memory holds one file's cells."""
        first = self._first_sales(unit.items)
        _, items = stored_entities(self.lake, self.attributes, unit.files)
        for month, paths in unit.cells.items():
            aged = [self._of_file(month, path, items, first) for path in paths]
            for group in self.groups if aged else ():
                cells = aggregate(pa.concat_tables([of[group.name] for of in aged]), group)
                yield TableRows(monthly_table(group), stored_form(cells, group.measures))

    def _first_sales(self, files: MonthFiles) -> pa.Table:
        """Find the month of each item's first sale, reading files of item cells one by one."""
        first = FIRST_SALES.empty_table()
        for month, paths in files.items():
            for path in paths:
                cells = self._read(ITEM_CELLS, [ITEM, PRESENCE], month, [path])
                first = earliest([first, first_sales(cells)])
        return first

    def _of_file(
        self, month: date, path: str, items: pa.Table, first: pa.Table
    ) -> dict[str, pa.Table]:
        names = sorted({measure.of for group in self.groups for measure in group.measures})
        columns = [*self.below.keys, *names]
        cells = self._read(monthly_table(self.below), columns, month, [path])
        aged = with_age(with_attributes(integer_form(cells, self.below), [items]), first)
        return {group.name: aggregate(aged, group) for group in self.groups}

    def _read(
        self, table: Table, columns: Sequence[str], month: date, paths: list[str]
    ) -> pa.Table:
        read = stored_rows(self.lake, table, {table.path: paths}, columns)
        return with_month(read, month)
