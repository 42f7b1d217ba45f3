"""What a worker does for cells by the age of items: months of item cells to those of the group."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from features.ages import with_age
from features.attributes import Attributes, with_attributes
from features.group import FeatureGroup
from features.groups import ITEM_GROUP
from features.measure import stored_form
from features.monthly import aggregate, integer_form
from features.tables import monthly_table
from jobs.pieces import ITEM_CELLS
from jobs.stored_entities import stored_entities
from jobs.stored_rows import Files, stored_rows, with_month
from lakehouse.delta.parts import Rows
from lakehouse.lake import Lake
from lakehouse.types import DATE


@dataclass(frozen=True)
class AgedCellsTask:
    """Aggregates item cells to those of groups that have the item's age as a key.

    Attributes:
        lake: where the tables are.
        groups: those groups.
        attributes: of shops and items.
    """

    lake: Lake
    groups: tuple[FeatureGroup, ...]
    attributes: Attributes

    def __call__(self, piece: Mapping[str, Any]) -> Iterator[Rows]:
        """Aggregate months.

        Args:
            piece: ``months``, ``cells``: the item cells' files by month from the lake's first to
                the last of those, and ``files`` of the catalogue by table.
        """
        cells = pa.concat_tables(self._cells(piece["cells"]), promote_options="default")
        _, items = stored_entities(self.lake, self.attributes, piece["files"])
        for group in self.groups:
            found = stored_form(aged_cells(cells, items, group), group.measures)
            for month in map(date.fromisoformat, piece["months"]):
                mine = found.filter(pc.equal(found["month"], pa.scalar(month, DATE)))
                yield Rows(monthly_table(group), mine)

    def _cells(self, files: Mapping[str, list[str]]) -> Iterator[pa.Table]:
        names = {measure.of for group in self.groups for measure in group.measures}
        columns = [*ITEM_GROUP.keys, *sorted(names)]
        for month, paths in files.items():
            of_month: Files = {ITEM_CELLS.path: paths}
            read = stored_rows(self.lake, ITEM_CELLS, of_month, columns)
            yield with_month(read, date.fromisoformat(month))


def aged_cells(cells: pa.Table, items: pa.Table, group: FeatureGroup) -> pa.Table:
    """Aggregate item cells to those of a group by the age of items.

    Args:
        cells: ``[item_id, month, *measures]`` of all months from the lake's first on.
        items: ``[item_id, *attributes]``.
        group: with ``item_age`` and attributes of items as keys.

    Returns:
        Its cells in integer form.
    """
    whole = with_attributes(integer_form(cells, ITEM_GROUP), [items])
    return aggregate(with_age(whole), group)
