"""Worker tasks for monthly cells: daily sales to pair cells, pair cells to other groups' cells."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from feature_store.age_groups import split_by_age
from feature_store.stored_entities import stored_entities
from feature_store.stored_rows import bucket_rows, stored_rows, with_month
from feature_store.units import MonthUnit
from features.attributes import Attributes, with_attributes
from features.group import ITEM, SHOP, FeatureGroup
from features.measure import stored_form
from features.monthly import aggregate, integer_form, pair_days
from features.own_ids import resolve_aliases
from features.tables import monthly_table
from lakehouse.buckets import is_by_bucket, label_of, split
from lakehouse.delta.parts import TableRows
from lakehouse.lake import Lake
from lakehouse.table import Table
from lakehouse.tables.silver import DAILY_OFFERS, DAILY_SALES, SHOPS

SOLD = (SHOP, ITEM, "date", "units", "price", "is_cancelled")
OFFERED = (SHOP, ITEM, "date")


@dataclass(frozen=True)
class PairCellsTask:
    """Aggregates a month's sales and offers to pair cells; sent to the workers.

    Attributes:
        lake: the lake that has the tables.
        pair: the group of pairs.
        buckets: number of buckets of items; each bucket of a month becomes one file.
    """

    lake: Lake
    pair: FeatureGroup
    buckets: int

    def __call__(self, unit: MonthUnit) -> Iterator[TableRows]:
        """Aggregate one month, or one bucket of its items.

        Args:
            unit: the month, with files of sales, offers and shops.
        """
        sold, offered = self._read(unit, DAILY_SALES, SOLD), self._read(unit, DAILY_OFFERS, OFFERED)
        days = pair_days(sold.filter(pc.invert(sold["is_cancelled"])), offered)
        shops = stored_rows(self.lake, SHOPS, unit.files, (SHOP, "alias_of"))
        cells = aggregate(resolve_aliases(days, shops), self.pair)
        stored = stored_form(cells, self.pair.measures)
        for bucket, part in split(stored, ITEM, self.buckets):
            yield TableRows(monthly_table(self.pair), part, bucket.label)

    def _read(self, unit: MonthUnit, table: Table, columns: Sequence[str]) -> pa.Table:
        read = bucket_rows(self.lake, table, unit.files, columns, (unit.bucket, ITEM))
        return with_month(read, unit.month)


@dataclass(frozen=True)
class GroupCellsTask:
    """Aggregates a month's pair cells to the cells of every other group without item age.

    The task is sent to the workers.

    Attributes:
        lake: the lake that has the tables.
        groups: every group, the group of pairs first.
        attributes: attributes of shops and items.
    """

    lake: Lake
    groups: Sequence[FeatureGroup]
    attributes: Attributes

    def __call__(self, unit: MonthUnit) -> Iterator[TableRows]:
        """Aggregate one month, file by file, so that memory holds one file's pairs and items.

        If each item has all pairs in one file, cells of items are yielded per file. Cells of the
        remaining groups, which are far fewer, stay in memory until the last file is read.

        Args:
            unit: the month, with files of pair cells, shops and items.
        """
        _, *others = split_by_age(self.groups)[0]
        entities = stored_entities(self.lake, self.attributes, unit.files)
        paths = unit.files[self._pairs.path]
        is_split = is_by_bucket(paths)
        partial: dict[FeatureGroup, list[pa.Table]] = {group: [] for group in others}
        for path in paths:
            cells = self._of_file(unit.month, path, entities)
            for group in others:
                if is_split and group.keys[-1] == ITEM:
                    yield self._stored(group, cells[group.name], label_of(path))
                else:
                    partial[group].append(cells[group.name])
        for group, parts in partial.items():
            if parts:
                yield self._stored(group, aggregate(pa.concat_tables(parts), group))

    def _stored(self, group: FeatureGroup, cells: pa.Table, label: str = "") -> TableRows:
        return TableRows(monthly_table(group), stored_form(cells, group.measures), label)

    @property
    def _pairs(self) -> Table:
        return monthly_table(self.groups[0])

    def _of_file(self, month: date, path: str, entities: Sequence[pa.Table]) -> dict[str, pa.Table]:
        columns = [name for name in self._pairs.names if name != "month"]
        read = stored_rows(self.lake, self._pairs, {self._pairs.path: [path]}, columns)
        dated = with_month(read, month)
        return cells_of_groups(dated, entities, self.groups)


def cells_of_groups(
    pairs: pa.Table, entities: Sequence[pa.Table], groups: Sequence[FeatureGroup]
) -> dict[str, pa.Table]:
    """Aggregate pair cells to the cells of every group without item age.

    Each group is aggregated from the first earlier group with enough detail, else from pairs.

    Args:
        pairs: cells of the group of pairs, as stored.
        entities: tables ``[id, *attributes]`` of shops and of items.
        groups: every group, the group of pairs first.

    Returns:
        Group name → cells in integer form; pair cells also have the attributes. Cells cover only
        the pairs given.
    """
    pair, *others = split_by_age(groups)[0]
    cells = {pair.name: with_attributes(integer_form(pairs, pair), entities)}
    done: list[FeatureGroup] = []
    for group in others:
        below = next((g for g in done if is_below(g, group)), pair)
        cells[group.name] = aggregate(cells[below.name], group)
        done.append(group)
    return cells


def is_below(group: FeatureGroup, above: FeatureGroup) -> bool:
    """Return whether cells of a more detailed group can be aggregated to those of another group.

    Args:
        group: the more detailed group.
        above: the other group; needs fewer keys and only measures that ``group`` has.
    """
    has_keys = set(above.keys) < set(group.keys)
    return has_keys and {m.of for m in above.measures} <= {m.name for m in group.measures}
