"""Worker task that aggregates stored cells of pairs or items to cells of groups by item age."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa

from feature_store.stored_entities import stored_entities
from feature_store.stored_rows import stored_rows, with_month
from feature_store.work_units import ITEM_CELLS
from features.ages import FIRST_SALES, earliest, first_sales, with_age
from features.attributes import Attributes, with_attributes
from features.group import ITEM, PRESENCE, FeatureGroup
from features.measure import stored_form
from features.monthly import aggregate, integer_form
from features.tables import monthly_table
from lakehouse.delta.parts import Rows
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

    def __call__(self, piece: Mapping[str, Any]) -> Iterator[Rows]:
        """Aggregate months, file by file, so that memory holds one file's cells.

        Args:
            piece: ``cells``, the files of cells to aggregate, by month; ``items``, the files of
                item cells by month, from the lake's first month to the last month in ``cells``,
                for the dates of first sales; ``files`` of the catalogue, by table path.
        """
        first = self._first_sales(piece["items"])
        _, items = stored_entities(self.lake, self.attributes, piece["files"])
        for month, paths in piece["cells"].items():
            aged = [self._of_file(month, path, items, first) for path in paths]
            for group in self.groups if aged else ():
                cells = aggregate(pa.concat_tables([of[group.name] for of in aged]), group)
                yield Rows(monthly_table(group), stored_form(cells, group.measures))

    def _first_sales(self, files: Mapping[str, list[str]]) -> pa.Table:
        """Find the month of each item's first sale, reading files of item cells one by one.

        Args:
            files: month → files of item cells.
        """
        first = FIRST_SALES.empty_table()
        for month, paths in files.items():
            for path in paths:
                cells = self._read(ITEM_CELLS, [ITEM, PRESENCE], month, [path])
                first = earliest([first, first_sales(cells)])
        return first

    def _of_file(
        self, month: str, path: str, items: pa.Table, first: pa.Table
    ) -> dict[str, pa.Table]:
        names = sorted({measure.of for group in self.groups for measure in group.measures})
        columns = [*self.below.keys, *names]
        cells = self._read(monthly_table(self.below), columns, month, [path])
        aged = with_age(with_attributes(integer_form(cells, self.below), [items]), first)
        return {group.name: aggregate(aged, group) for group in self.groups}

    def _read(self, table: Table, columns: list[str], month: str, paths: list[str]) -> pa.Table:
        read = stored_rows(self.lake, table, {table.path: paths}, columns)
        return with_month(read, date.fromisoformat(month))
