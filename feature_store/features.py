"""Worker task for features: cells of one bucket of keys to features of target months."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa

from feature_store.stored_rows import bucket_rows, stored_rows, with_month
from feature_store.units import FeaturesUnit
from features.compute import compute_in_parts
from features.difference import is_among
from features.group import FeatureGroup
from features.tables import features_table, monthly_table
from lakehouse.delta.parts import TableRows
from lakehouse.lake import Lake
from lakehouse.month_range import MonthRange


@dataclass(frozen=True)
class FeaturesTask:
    """Computes the features of one bucket of a group's keys; sent to the workers.

    Attributes:
        lake: the lake that has the tables.
        groups: the groups that units may name.
        history: the lake's months.
        keys: ``[*group.keys]`` of the only group, the keys to compute; None: all keys.
    """

    lake: Lake
    groups: Sequence[FeatureGroup]
    history: MonthRange
    keys: pa.Table | None = None

    def __call__(self, unit: FeaturesUnit) -> Iterator[TableRows]:
        """Compute the target months of a unit, one part of the keys after another."""
        group = next(g for g in self.groups if g.name == unit.group)
        history = MonthRange(unit.opening or self.history.first, self.history.last)
        cells = pa.concat_tables(self._rows(group, unit), promote_options="default")
        for part in compute_in_parts(cells, history, unit.months, group):
            yield TableRows(features_table(group), part, unit.bucket.label)

    def _rows(self, group: FeatureGroup, unit: FeaturesUnit) -> Iterator[pa.Table]:
        """Read the cells of a unit month by month, then the opening rows."""
        table, share = monthly_table(group), (unit.bucket, group.keys[-1])
        names = [m.name for m in group.measures if m.name in group.measures_read]
        columns = [*group.keys, *names]
        yield with_month(stored_rows(self.lake, table, {}, columns), None)
        for month, paths in unit.cells.items():
            read = bucket_rows(self.lake, table, {table.path: paths}, columns, share)
            yield with_month(self._wanted(read), month)
        if unit.opening is not None:
            features = features_table(group)
            columns = [*group.keys, *map(group.column, group.opening)]
            files = {features.path: unit.opening_files}
            read = bucket_rows(self.lake, features, files, columns, share)
            yield with_month(self._wanted(read), None)

    def _wanted(self, rows: pa.Table) -> pa.Table:
        return rows if self.keys is None else rows.filter(is_among(rows, self.keys))
