"""Worker tasks of a skew check: rebuild cells of sampled keys, compare them with stored rows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from feature_store.cells import PairCellsTask, cells_of_groups
from feature_store.skew.comparison import Counts, compare
from feature_store.stored_entities import stored_entities
from feature_store.stored_rows import bucket_rows
from feature_store.units import ComparisonUnit, MonthUnit
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
from lakehouse.types import CODED, COUNT, DATE


class ColumnRef(NamedTuple):
    """A column of a table.

    Attributes:
        table: path of the table.
        column: name of the column.
    """

    table: str
    column: str


@dataclass(frozen=True)
class RebuildTask:
    """Aggregates a month's sales to cells of every group's sampled keys; sent to the workers.

    Attributes:
        lake: the lake that has the tables.
        groups: every group, the group of pairs first.
        attributes: attributes of shops and items.
        buckets: group name → (number, bucket) of each unit that compares keys of the group.
    """

    lake: Lake
    groups: Sequence[FeatureGroup]
    attributes: Attributes
    buckets: Mapping[str, Sequence[tuple[int, Bucket]]]

    def __call__(self, unit: MonthUnit) -> Iterator[tuple[int, pa.Table]]:
        """Aggregate one month, or one bucket of its items.

        Args:
            unit: the month, with files of sales, offers, shops and items.

        Yields:
            The number of a unit of the comparison, and cells for that unit, with the columns of
            ``cells_schema``.
        """
        entities = stored_entities(self.lake, self.attributes, unit.files)
        for pairs in PairCellsTask(self.lake, self.groups[0], 1)(unit):
            cells = cells_of_groups(pairs.rows, entities, self.groups)
            items = with_attributes(cells[ITEM_GROUP.name], entities[1:])
            for group in self.groups:
                below = cells[self.groups[0].name] if SHOP in group.keys else items
                yield from self._split(group, cells.get(group.name, below))

    def _split(self, group: FeatureGroup, cells: pa.Table) -> Iterator[tuple[int, pa.Table]]:
        """Split cells by the units that compare them, leaving out units without cells."""
        schema = cells_schema(group)
        for number, bucket in self.buckets[group.name]:
            of_bucket = bucket.keep(cells.select(schema.names), group.keys[-1])
            if len(of_bucket):
                yield number, of_bucket.cast(schema)


@dataclass(frozen=True)
class StoredBucket:
    """Where the stored rows of one month and bucket of keys are.

    Attributes:
        table: the table.
        month: the month.
        files: files of the month that may hold rows of the bucket.
        bucket: the bucket of keys.
    """

    table: Table
    month: date
    files: Sequence[str]
    bucket: Bucket


@dataclass(frozen=True)
class CompareTask:
    """Compares stored rows of one bucket of keys with rebuilt rows; sent to the workers.

    Memory holds the compressed rebuilt rows of the bucket, the bucket's cells, and arrays for at
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
        self, unit: ComparisonUnit, rebuilt: Sequence[pa.Buffer]
    ) -> Iterator[tuple[ColumnRef, Counts]]:
        """Compare the cells and features of one bucket of keys, month by month.

        Args:
            unit: the group, bucket and stored files.
            rebuilt: Arrow streams of rebuilt cells in integer form; one month may be spread over
                several streams.

        Yields:
            Column and counts, for each month and part of the keys.
        """
        group = next(g for g in self.groups if g.name == unit.group)
        cells = self._cells(group, rebuilt)
        yield from self._compare_cells(group, unit, stored_form(cells, group.measures))
        keys = len(encode(cells.select(group.keys))[1])
        for bucket in unit.bucket.parts(count_for(keys, most_keys(group, len(self.history)))):
            part = bucket.keep(cells, group.keys[-1])
            yield from self._compare_features(group, unit, bucket, part)

    def _compare_cells(
        self, group: FeatureGroup, unit: ComparisonUnit, cells: pa.Table
    ) -> Iterator[tuple[ColumnRef, Counts]]:
        for month, paths in unit.cells.items():
            rows = cells.filter(pc.equal(cells["month"], month))
            stored = StoredBucket(monthly_table(group), month, paths, unit.bucket)
            yield from self._compare(group, rows, stored)

    def _compare_features(
        self, group: FeatureGroup, unit: ComparisonUnit, bucket: Bucket, cells: pa.Table
    ) -> Iterator[tuple[ColumnRef, Counts]]:
        computed = compute(cells, self.history, unit.features, group)
        for (month, paths), rows in zip(unit.features.items(), computed, strict=True):
            stored = StoredBucket(features_table(group), month, paths, bucket)
            yield from self._compare(group, rows, stored)

    def _cells(self, group: FeatureGroup, rebuilt: Sequence[pa.Buffer]) -> pa.Table:
        """Aggregate rebuilt rows to a group's cells, one stream after another.

        Args:
            group: the group of the cells.
            rebuilt: Arrow streams of partial cells; for a group by item age, of cells per item.
        """
        nothing = cells_schema(group).empty_table()
        if group == self.groups[0]:
            return pa.concat_tables([nothing, *map(read_stream, rebuilt)])
        is_aged = ITEM_AGE in group.keys
        first = FIRST_SALES.empty_table()
        for packed in rebuilt if is_aged else ():
            first = earliest([first, first_sales(read_stream(packed))])
        partial = [nothing] if not rebuilt else map(read_stream, rebuilt)
        keyed = (with_age(cells, first) if is_aged else cells for cells in partial)
        return aggregate(pa.concat_tables([aggregate(cells, group) for cells in keyed]), group)

    def _compare(
        self, group: FeatureGroup, rebuilt: pa.Table, stored: StoredBucket
    ) -> Iterator[tuple[ColumnRef, Counts]]:
        """Compare rebuilt rows of one month and bucket with the stored rows."""
        table = stored.table
        names = [name for name in table.names if name != "month"]
        share = (stored.bucket, group.keys[-1])
        rows = bucket_rows(self.lake, table, {table.path: stored.files}, names, share)
        columns = [name for name in table.names if name not in table.key]
        month = f"{stored.month:%Y-%m}"
        for column, counts in compare(rebuilt, rows, group.keys, columns, month).items():
            yield ColumnRef(table.path, column), counts


def read_stream(packed: pa.Buffer) -> pa.Table:
    """Read a table from an Arrow stream."""
    return pa.ipc.open_stream(packed).read_all()


def cells_schema(group: FeatureGroup) -> pa.Schema:
    """Return the schema of a group's rebuilt cells, in integer form.

    A group by item age has ``item_id`` in place of the age, because the age of an item is known
    only after the sales of all months are rebuilt.
    """
    keys = [(ITEM if name == ITEM_AGE else name, CODED) for name in group.keys]
    return pa.schema([*keys, ("month", DATE), *((m.name, COUNT) for m in group.measures)])
