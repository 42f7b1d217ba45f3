"""Worker task for features: cells of one bucket of keys to features of target months."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa

from feature_store.stored_rows import Share, bucket_rows, stored_rows, with_month
from features.compute import compute_in_parts
from features.difference import is_among
from features.group import FeatureGroup
from features.tables import features_table, monthly_table
from lakehouse.buckets import Bucket
from lakehouse.delta.parts import Rows
from lakehouse.lake import Lake
from lakehouse.month_range import MonthRange


@dataclass(frozen=True)
class FeaturesTask:
    """Computes the features of one bucket of a group's keys; sent to the workers.

    Attributes:
        lake: the lake that has the tables.
        groups: the groups that pieces may name.
        history: the lake's months.
        keys: ``[*group.keys]`` of the only group, the keys to compute; None: all keys.
    """

    lake: Lake
    groups: Sequence[FeatureGroup]
    history: MonthRange
    keys: pa.Table | None = None

    def __call__(self, piece: Mapping[str, Any]) -> Iterator[Rows]:
        """Compute the target months of a piece, one part of the keys after another.

        Args:
            piece: ``group``, a name; ``bucket``, the number of a bucket of keys and the count of
                buckets; ``months``, the target months; ``cells``, files of cells by month;
                ``opening``, null or a month and the files of features of that month, which
                replace all cells before the month.
        """
        group = next(g for g in self.groups if g.name == piece["group"])
        bucket = Bucket(*piece["bucket"])
        first = date.fromisoformat(piece["opening"][0]) if piece["opening"] else self.history.first
        history = MonthRange(first, self.history.last)
        share = (bucket, group.keys[-1])
        cells = pa.concat_tables(self._rows(group, piece, share), promote_options="default")
        months = map(date.fromisoformat, piece["months"])
        for part in compute_in_parts(cells, history, months, group):
            yield Rows(features_table(group), part, bucket.label)

    def _rows(
        self, group: FeatureGroup, piece: Mapping[str, Any], share: Share
    ) -> Iterator[pa.Table]:
        table = monthly_table(group)
        names = [m.name for m in group.measures if m.name in group.measures_read]
        columns = [*group.keys, *names]
        yield with_month(stored_rows(self.lake, table, {}, columns), None)
        for month, paths in piece["cells"].items():
            read = bucket_rows(self.lake, table, {table.path: paths}, columns, share)
            yield with_month(self._wanted(read), date.fromisoformat(month))
        if piece["opening"]:
            features = features_table(group)
            columns = [*group.keys, *map(group.column, group.opening)]
            files = {features.path: piece["opening"][1]}
            read = bucket_rows(self.lake, features, files, columns, share)
            yield with_month(self._wanted(read), None)

    def _wanted(self, rows: pa.Table) -> pa.Table:
        return rows if self.keys is None else rows.filter(is_among(rows, self.keys))
