"""Worker tasks for the panel: read one month's features, make a spine, assemble the rows."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from feature_store.panel.rows import PanelRows
from feature_store.stored_entities import stored_entities, stored_neighbours
from feature_store.stored_rows import Files, bucket_rows, rows_among, stored_rows
from features.feature_set import TARGET, FeatureSet
from features.group import ITEM, SHOP, FeatureGroup
from features.horizon import known_month
from features.input_feature import InputFeature, Known
from features.own_ids import under_own_ids
from features.panel import assemble
from features.spine import (
    Entities,
    Spine,
    active_items,
    active_shops,
    every_pair,
    given_pairs,
    sold_in,
)
from features.tables import features_table, monthly_table
from features.withdrawal import WITHDRAWALS, Withdrawal, without
from lakehouse.buckets import EVERY, Bucket
from lakehouse.delta.files import has_rows
from lakehouse.delta.parts import Rows
from lakehouse.lake import Lake
from lakehouse.month_range import plus_months
from lakehouse.profile.profile import Forecast
from lakehouse.table import Table
from lakehouse.tables.silver import ITEMS, SHOPS


@dataclass(frozen=True)
class MonthParts:
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
        return under_own_ids(rows, self._read(SHOPS, [SHOP, "alias_of"]))

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


@dataclass(frozen=True)
class PanelTask:
    """Assembles pieces of a stored panel; sent to the workers.

    Attributes:
        panel: the panel.
        rule: the profile's rule of which pairs belong to the assortment.
    """

    panel: PanelRows
    rule: Forecast

    def __call__(self, piece: Mapping[str, Any]) -> Iterator[Rows]:
        """Assemble the panel rows of one bucket of items in one month.

        Args:
            piece: ``month``; ``bucket``, the number of a bucket of items and the count of
                buckets; ``is_closed``, whether the month's sales are complete; ``files`` by table
                path or input feature.
        """
        panel, month = self.panel, date.fromisoformat(piece["month"])
        of_panel = (panel.lake, panel.features, month, piece["files"], panel.horizon)
        parts = MonthParts(*of_panel, Bucket(*piece["bucket"]))
        yield Rows(panel.table, self._rows(parts, piece["is_closed"]))

    def _rows(self, parts: MonthParts, is_closed: bool) -> pa.Table:
        shops, items = self._ids(parts)
        spine = parts.spine(partial(every_pair, shops, items), items)
        actuals = parts.actuals(spine) if is_closed else None
        known = (parts.groups(spine), actuals, parts.features, parts.inputs(spine))
        return assemble(spine, parts.month, *known)

    def _ids(self, parts: MonthParts) -> tuple[pa.Array, pa.Array]:
        if self.panel.spine == "grid":
            return sold_in(parts.sold(SHOP), SHOP), sold_in(parts.sold(ITEM), ITEM)
        new = parts.listed_since(self.rule.newly_listed_months)
        shops = active_shops(parts.known(SHOP, "shop_sales_since_all"), self.rule)
        items = active_items(parts.known(ITEM, "item_sales_since_all"), new, self.rule)
        return without(shops, parts.withdrawn(SHOP)), without(items, parts.withdrawn(ITEM))


@dataclass(frozen=True)
class PairsTask:
    """Assembles panel rows for given pairs of one target month; sent to the workers.

    Attributes:
        parts: the reader of the target month's features and inputs.
    """

    parts: MonthParts

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Assemble a panel row, without target, for each pair of a Spark partition.

        Args:
            batches: ``[shop_id, item_id]``, unique.
        """
        received = list(batches)
        if not received:
            return
        pairs = pa.Table.from_batches(received)
        spine = self.parts.spine(partial(given_pairs, pairs), pc.unique(pairs[ITEM]))
        known = (self.parts.groups(spine), None, self.parts.features, self.parts.inputs(spine))
        yield from plain(assemble(spine, self.parts.month, *known)).to_batches()


def plain(panel: pa.Table) -> pa.Table:
    """Decode dictionary-encoded columns, which Spark's Arrow reader does not accept."""
    schema = pa.schema(
        [
            field.with_type(field.type.value_type) if pa.types.is_dictionary(field.type) else field
            for field in panel.schema
        ]
    )
    return panel.cast(schema)
