"""What a worker does for monthly cells: a month's sales to pair cells, those to the others'."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from features.group import CATEGORY, ITEM, SHOP, FeatureGroup
from features.measure import stored_form
from features.monthly import aggregate, integer_form, pair_days, resolve_aliases, with_category
from features.tables import monthly_table
from jobs.stored_rows import Files, stored_rows, with_month
from lakehouse.buckets import Bucket, split
from lakehouse.delta.parts import Rows
from lakehouse.lake import Lake
from lakehouse.tables.silver import DAILY_OFFERS, DAILY_SALES, ITEMS, SHOPS

SOLD = (SHOP, ITEM, "date", "units", "price", "is_cancelled")
OFFERED = (SHOP, ITEM, "date")


@dataclass(frozen=True)
class PairCellsTask:
    """Aggregates a month's sales and offers to the pair's cells; sent to the workers.

    Attributes:
        lake: where the tables are.
        pair: the pair's group.
        buckets: of items, into which the files of a month are split.
    """

    lake: Lake
    pair: FeatureGroup
    buckets: int

    def __call__(self, piece: Mapping[str, Any]) -> Iterator[Rows]:
        """Aggregate one month, or one bucket of its items.

        Args:
            piece: ``month``, ``bucket`` (its number and count), ``files`` by table.
        """
        month, mine = date.fromisoformat(piece["month"]), Bucket(*piece["bucket"])
        files: Files = piece["files"]
        sold = mine.keep(stored_rows(self.lake, DAILY_SALES, files, SOLD), ITEM)
        offered = mine.keep(stored_rows(self.lake, DAILY_OFFERS, files, OFFERED), ITEM)
        live = sold.filter(pc.invert(sold["is_cancelled"]))
        days = pair_days(with_month(live, month), with_month(offered, month))
        shops = stored_rows(self.lake, SHOPS, files, (SHOP, "alias_of"))
        cells = aggregate(resolve_aliases(days, shops), self.pair)
        stored = stored_form(cells, self.pair.measures)
        for bucket, part in split(stored, ITEM, self.buckets):
            yield Rows(monthly_table(self.pair), part, bucket.label)


@dataclass(frozen=True)
class GroupCellsTask:
    """Aggregates a month's pair cells to those of every other group; sent to the workers.

    Attributes:
        lake: where the tables are.
        groups: every group, the pair's own first.
    """

    lake: Lake
    groups: Sequence[FeatureGroup]

    def __call__(self, piece: Mapping[str, Any]) -> Iterator[Rows]:
        """Aggregate one month, file by file, so that memory holds one file's cells.

        Args:
            piece: ``month``, ``files`` by table.
        """
        _, *others = self.groups
        items = stored_rows(self.lake, ITEMS, piece["files"], (ITEM, CATEGORY))
        paths = piece["files"][self._pairs.path]
        partial = [self._of_file(piece["month"], path, items) for path in paths]
        for group in others if partial else ():
            parts = pa.concat_tables([cells[group.name] for cells in partial])
            stored = stored_form(aggregate(parts, group), group.measures)
            yield Rows(monthly_table(group), stored)

    @property
    def _pairs(self) -> Any:
        return monthly_table(self.groups[0])

    def _of_file(self, month: str, path: str, items: pa.Table) -> dict[str, pa.Table]:
        columns = [name for name in self._pairs.names if name != "month"]
        read = stored_rows(self.lake, self._pairs, {self._pairs.path: [path]}, columns)
        dated = with_month(read, date.fromisoformat(month))
        return cells_of_groups(dated, items, self.groups)


def cells_of_groups(
    pairs: pa.Table, items: pa.Table, groups: Sequence[FeatureGroup]
) -> dict[str, pa.Table]:
    """Aggregate pair cells to those of every group, each from the cells below it.

    Args:
        pairs: cells of the pair's group, as stored.
        items: rows of silver.items, ``[item_id, category_id]`` at least.
        groups: every group, the pair's own first.

    Returns:
        Group name → cells in integer form, of the pair's own with their category. They are as
        complete as the pair cells are.
    """
    pair, *others = groups
    cells = {pair.name: with_category(integer_form(pairs, pair), items)}
    for group in others:
        below = next((g for g in others if set(group.keys) < set(g.keys)), pair)
        cells[group.name] = aggregate(cells[below.name], group)
    return cells
