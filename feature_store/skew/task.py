"""Worker tasks of a skew check: rebuild cells of sampled keys, compare them with stored rows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from feature_store.cells import PairCellsTask, cells_of_groups
from feature_store.skew.comparison import Counts, compare
from feature_store.stored_entities import stored_entities
from feature_store.stored_rows import CODED, bucket_rows
from features.ages import FIRST_SALES, ITEM_AGE, earliest, first_sales, with_age
from features.attributes import Attributes, with_attributes
from features.compute import compute
from features.encoding import encode
from features.group import ITEM, SHOP, FeatureGroup
from features.groups import ITEM_GROUP
from features.measure import stored_form
from features.monthly import aggregate
from features.series import most_keys
from features.tables import features_table, monthly_table
from lakehouse.buckets import Bucket, count_for
from lakehouse.lake import Lake
from lakehouse.month_range import MonthRange
from lakehouse.table import Table
from lakehouse.types import COUNT, DATE

# A table's path and the name of a column.
Place: TypeAlias = tuple[str, str]


@dataclass(frozen=True)
class RebuildTask:
    """Aggregates a month's sales to cells of every group's sampled keys; sent to the workers.

    Attributes:
        lake: the lake that has the tables.
        groups: every group, the group of pairs first.
        attributes: attributes of shops and items.
        places: group name → the group's pieces of the comparison, each with number and keys.
    """

    lake: Lake
    groups: Sequence[FeatureGroup]
    attributes: Attributes
    places: Mapping[str, Sequence[tuple[int, Bucket]]]

    def __call__(self, piece: Mapping[str, Any]) -> Iterator[tuple[int, pa.Table]]:
        """Aggregate one month, or one bucket of its items.

        Args:
            piece: ``month``; ``bucket``, the number of a bucket of items and the count of
                buckets; ``files`` by table path.

        Yields:
            The number of a piece of the comparison, and cells for that piece, with the columns of
            ``cells_schema``.
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
    """Compares stored rows of one piece of the comparison with rebuilt rows; sent to the workers.

    Memory holds the compressed rebuilt rows of the piece, the piece's cells, and arrays for at
    most ``most_keys`` keys.

    Attributes:
        lake: the lake that has the tables.
        groups: every group, the group of pairs first.
        history: the lake's months.
    """

    lake: Lake
    groups: Sequence[FeatureGroup]
    history: MonthRange

    def __call__(
        self, piece: Mapping[str, Any], rebuilt: Sequence[pa.Buffer]
    ) -> Iterator[tuple[Place, Counts]]:
        """Compare the cells and features of one piece, month by month.

        Args:
            piece: ``group``, a name; ``bucket``, the number of a bucket of keys and the count of
                buckets; ``files`` by table path and month.
            rebuilt: Arrow streams of rebuilt cells in integer form; one month may be spread over
                several streams.

        Yields:
            (table path, column) and counts, for each month and part of the keys.
        """
        group = next(g for g in self.groups if g.name == piece["group"])
        cells, whole = self._cells(group, rebuilt), Bucket(*piece["bucket"])
        table, stored = monthly_table(group), stored_form(cells, group.measures)
        for month, paths in piece["files"][table.path].items():
            rows = stored.filter(pc.equal(stored["month"], date.fromisoformat(month)))
            yield from self._compared(table, group, month, rows, (paths, whole))
        table = features_table(group)
        keys = len(encode(cells.select(group.keys))[1])
        for bucket in whole.parts(count_for(keys, most_keys(group, len(self.history)))):
            months = piece["files"][table.path]
            some = bucket.keep(cells, group.keys[-1])
            parts = compute(some, self.history, map(date.fromisoformat, months), group)
            for (month, paths), part in zip(months.items(), parts, strict=True):
                yield from self._compared(table, group, month, part, (paths, bucket))

    def _cells(self, group: FeatureGroup, rebuilt: Sequence[pa.Buffer]) -> pa.Table:
        """Aggregate rebuilt rows to a group's cells, one stream after another.

        Args:
            group: the group of the cells.
            rebuilt: Arrow streams of partial cells; for a group by item age, of cells per item.
        """
        nothing = cells_schema(group).empty_table()
        if group == self.groups[0]:
            return pa.concat_tables([nothing, *map(unpacked, rebuilt)])
        is_aged = ITEM_AGE in group.keys
        first = FIRST_SALES.empty_table()
        for packed in rebuilt if is_aged else ():
            first = earliest([first, first_sales(unpacked(packed))])
        made = [nothing] if not rebuilt else map(unpacked, rebuilt)
        whole = (with_age(cells, first) if is_aged else cells for cells in made)
        cells = [aggregate(some, group) for some in whole]
        return aggregate(pa.concat_tables(cells), group)

    def _compared(
        self,
        table: Table,
        group: FeatureGroup,
        month: str,
        rows: pa.Table,
        stored: tuple[Sequence[str], Bucket],
    ) -> Iterator[tuple[Place, Counts]]:
        """Compare rebuilt rows of one month and bucket with the stored rows.

        Args:
            table: the stored table.
            group: the group of the table.
            month: first day of the month, ISO text.
            rows: rebuilt rows.
            stored: files of the month, and the bucket of keys.
        """
        paths, bucket = stored
        names = [name for name in table.names if name != "month"]
        share = (bucket, group.keys[-1])
        found = bucket_rows(self.lake, table, {table.path: paths}, names, share)
        columns = [name for name in table.names if name not in table.key]
        for column, counts in compare(rows, found, group.keys, columns, month[:7]).items():
            yield (table.path, column), counts


def unpacked(packed: pa.Buffer) -> pa.Table:
    """Read a table from an Arrow stream."""
    return pa.ipc.open_stream(packed).read_all()


def cells_schema(group: FeatureGroup) -> pa.Schema:
    """Return the schema of a group's rebuilt cells, in integer form.

    A group by item age has ``item_id`` in place of the age, because the age of an item is known
    only after the sales of all months are rebuilt.
    """
    keys = [(ITEM if name == ITEM_AGE else name, CODED) for name in group.keys]
    return pa.schema([*keys, ("month", DATE), *((m.name, COUNT) for m in group.measures)])
