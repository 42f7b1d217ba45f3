"""What a worker does for monthly cells: a month's sales to pair cells, those to the others'."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from feature_store.stored_entities import stored_entities
from feature_store.stored_rows import Files, bucket_rows, stored_rows, with_month
from features.attributes import Attributes, with_attributes
from features.group import ITEM, SHOP, FeatureGroup
from features.groups import split_by_age
from features.measure import stored_form
from features.monthly import aggregate, integer_form, pair_days, resolve_aliases
from features.tables import monthly_table
from lakehouse.buckets import Bucket, is_by_bucket, label_of, split
from lakehouse.delta.parts import Rows
from lakehouse.lake import Lake
from lakehouse.tables.silver import DAILY_OFFERS, DAILY_SALES, SHOPS

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
        sold = bucket_rows(self.lake, DAILY_SALES, files, SOLD, (mine, ITEM))
        offered = bucket_rows(self.lake, DAILY_OFFERS, files, OFFERED, (mine, ITEM))
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
        attributes: of shops and items.
    """

    lake: Lake
    groups: Sequence[FeatureGroup]
    attributes: Attributes

    def __call__(self, piece: Mapping[str, Any]) -> Iterator[Rows]:
        """Aggregate one month, file by file, so that memory holds one file's pairs and items.

        Cells of items that are all in one file are written as soon as they are there; of the other
        groups, which are far fewer, memory holds those of each file.

        Args:
            piece: ``month``, ``files`` by table.
        """
        _, *others = split_by_age(self.groups)[0]
        entities = stored_entities(self.lake, self.attributes, piece["files"])
        paths = piece["files"][self._pairs.path]
        is_split = is_by_bucket(paths)
        partial: dict[FeatureGroup, list[pa.Table]] = {group: [] for group in others}
        for path in paths:
            cells = self._of_file(piece["month"], path, entities)
            for group in others:
                if is_split and group.keys[-1] == ITEM:
                    yield self._stored(group, cells[group.name], label_of(path))
                else:
                    partial[group].append(cells[group.name])
        for group, parts in partial.items():
            if parts:
                yield self._stored(group, aggregate(pa.concat_tables(parts), group))

    def _stored(self, group: FeatureGroup, cells: pa.Table, label: str = "") -> Rows:
        return Rows(monthly_table(group), stored_form(cells, group.measures), label)

    @property
    def _pairs(self) -> Any:
        return monthly_table(self.groups[0])

    def _of_file(self, month: str, path: str, entities: Sequence[pa.Table]) -> dict[str, pa.Table]:
        columns = [name for name in self._pairs.names if name != "month"]
        read = stored_rows(self.lake, self._pairs, {self._pairs.path: [path]}, columns)
        dated = with_month(read, date.fromisoformat(month))
        return cells_of_groups(dated, entities, self.groups)


def cells_of_groups(
    pairs: pa.Table, entities: Sequence[pa.Table], groups: Sequence[FeatureGroup]
) -> dict[str, pa.Table]:
    """Aggregate pair cells to those of every group but by age, each from the cells below it.

    Args:
        pairs: cells of the pair's group, as stored.
        entities: ``[id, *attributes]`` of shops and of items.
        groups: every group, the pair's own first.

    Returns:
        Group name → cells in integer form, of the pair's own with their attributes. They are as
        complete as the pair cells are.
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
    """Say whether the cells of a group hold what those of another are made from."""
    has_keys = set(above.keys) < set(group.keys)
    return has_keys and {m.of for m in above.measures} <= {m.name for m in group.measures}
