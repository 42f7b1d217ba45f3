"""Reader of what the panel rows of one target month are assembled from."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from feature_store.stored_entities import stored_entities, stored_neighbours
from feature_store.stored_rows import Files, bucket_rows, rows_among, stored_rows
from features.feature_set import TARGET, FeatureSet
from features.group import ITEM, SHOP, FeatureGroup
from features.horizon import known_month
from features.input_feature import InputFeature, Known
from features.own_ids import resolve_aliases
from features.spine import Entities, Spine
from features.tables import features_table, monthly_table
from features.withdrawal import WITHDRAWALS, Withdrawal
from lakehouse.buckets import EVERY, Bucket
from lakehouse.delta.files import has_rows
from lakehouse.lake import Lake
from lakehouse.month_range import plus_months
from lakehouse.table import Table
from lakehouse.tables.silver import ITEMS, SHOPS


@dataclass(frozen=True)
class PanelInputs:
    """Reader of all inputs of the panel rows of one target month and one bucket of items.

    Memory holds features of these items, and of all keys without an item.

    Attributes:
        lake: the lake that has the tables.
        features: the model's columns.
        month: the target month.
        files: table path, or name of an input feature → files of the month that is read, or all
            files of a table without months.
        horizon: months from the cutoff to the target month.
        bucket: the bucket of items.
    """

    lake: Lake
    features: FeatureSet
    month: date
    files: Files
    horizon: int = 1
    bucket: Bucket = EVERY

    def listed_since(self, months: int) -> pa.Array:
        """Return ids of the bucket's items that were listed in the last months up to the cutoff.

        Args:
            months: number of months.
        """
        catalogue = self._of_bucket(ITEMS, [ITEM, "listed_on"])
        end = known_month(self.month, self.horizon)
        listed = catalogue["listed_on"]
        since = pc.greater_equal(listed, plus_months(end, -months))
        is_new = pc.and_(since, pc.less(listed, end))
        return pc.unique(catalogue.filter(is_new)[ITEM]).cast(pa.string())

    def spine(self, make: Callable[[Entities], Spine], items: pa.Array) -> Spine:
        """Make a spine with the attributes of shops and items, and with neighbours if declared.

        Args:
            make: function that takes entities, ``[id, *attributes]`` each, and returns the spine.
            items: ids of the spine's items.
        """
        attributes = self.features.attributes
        spine = make(stored_entities(self.lake, attributes, self.files, items))
        if not self.features.neighbours:
            return spine
        sold = self._read(self._features("item"), [ITEM])[ITEM]
        return spine.of([stored_neighbours(self.lake, self.files, sold, items)])

    def groups(self, spine: Spine) -> dict[str, pa.Table]:
        """Read each group's features for the ids of a spine, by group name."""
        return {group.name: self._group(group, spine) for group in self.features.groups}

    def _group(self, group: FeatureGroup, spine: Spine) -> pa.Table:
        table = features_table(group)
        columns = [name for name in table.names if name != "month"]
        if group.keys == (ITEM,) and self.features.neighbours:
            # Neighbours may be in other buckets of items.
            sides = [spine.ids[side] for side in {n.side for n in self.features.neighbours}]
            wanted = {ITEM: pa.concat_arrays([spine.ids[ITEM], *sides])}
            keep = partial(rows_among, ids=wanted)
            return stored_rows(self.lake, table, self.files, columns, keep)
        return self._among(table, columns, spine.ids)

    def inputs(self, spine: Spine) -> dict[str, Known]:
        """Read the values of the optional inputs for the items of a spine, by feature name."""
        return {f.name: self._input(f, spine) for f in self.features.inputs}

    def _input(self, feature: InputFeature, spine: Spine) -> Known:
        table, paths = feature.source.table, self.files[feature.name]
        columns = [name for name in table.names if name != "month"]
        keep = partial(rows_among, ids={ITEM: spine.ids[ITEM]})
        rows = stored_rows(self.lake, table, {table.path: paths}, columns, keep)
        if SHOP in columns:
            rows = feature.of_shops(rows, self._read(SHOPS, [SHOP, "alias_of"]))
        is_there = len(rows) > 0 or has_rows(self.lake.uri(table), paths)
        read = feature.month_read(self.month, self.horizon)
        return feature.known(rows, read, has_rows=is_there)

    def withdrawn(self, key: str) -> pa.Array:
        """Return the ids of shops or items that are withdrawn before the target month.

        Args:
            key: ``shop_id``, or ``item_id`` for items of the bucket.
        """
        gone = [
            withdrawal.gone(self._listed(withdrawal), self.month)
            for withdrawal in WITHDRAWALS
            if withdrawal.key == key and withdrawal.source.table.path in self.files
        ]
        return pa.chunked_array(gone, pa.string()).combine_chunks()

    def _listed(self, withdrawal: Withdrawal) -> pa.Table:
        columns = [withdrawal.key, withdrawal.ends_on]
        if withdrawal.key == ITEM:
            return self._of_bucket(withdrawal.source.table, columns)
        rows = self._read(withdrawal.source.table, columns)
        return resolve_aliases(rows, self._read(SHOPS, [SHOP, "alias_of"]))

    def known(self, key: str, *columns: str) -> pa.Table:
        """Read features of all shops, or of the bucket's items, known at the cutoff.

        Args:
            key: ``shop_id`` or ``item_id``.
            columns: columns of the features.
        """
        name = key.removesuffix("_id")
        read = self._of_bucket if key == ITEM else self._read
        return read(self._features(name), [key, *columns])

    def sold(self, key: str) -> pa.Table:
        """Read the number of sales of all shops, or of the bucket's items, in the target month.

        Args:
            key: ``shop_id`` or ``item_id``.
        """
        read = self._of_bucket if key == ITEM else self._read
        return read(self._cells(key.removesuffix("_id")), [key, "sales"])

    def actuals(self, spine: Spine) -> pa.Table:
        """Read the actual targets of a spine's items, ``[shop_id, item_id, target]``."""
        ids = {ITEM: spine.ids[ITEM]}
        return self._among(self._cells("shop_item"), [SHOP, ITEM, TARGET], ids)

    def _features(self, group: str) -> Table:
        return features_table(self._named(group))

    def _cells(self, group: str) -> Table:
        return monthly_table(self._named(group))

    def _named(self, group: str) -> FeatureGroup:
        return next(g for g in self.features.groups if g.name == group)

    def _read(self, table: Table, columns: Sequence[str]) -> pa.Table:
        return stored_rows(self.lake, table, self.files, columns)

    def _of_bucket(self, table: Table, columns: Sequence[str]) -> pa.Table:
        return bucket_rows(self.lake, table, self.files, columns, (self.bucket, ITEM))

    def _among(self, table: Table, columns: Sequence[str], ids: Mapping[str, pa.Array]) -> pa.Table:
        files, names = self.files, [name for name in table.key if name != "month"]
        if names[-1] == ITEM:
            files = {table.path: self.bucket.files(files.get(table.path, ()))}
        keep = partial(rows_among, ids={name: ids[name] for name in names if name in ids})
        return stored_rows(self.lake, table, files, columns, keep)
