"""What a worker does for the panel: read one month's parts, lay out a spine, assemble the rows."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.feature_set import TARGET, FeatureSet
from features.group import ITEM, SHOP
from features.horizon import known_month
from features.input_feature import InputFeature, Known
from features.panel import assemble
from features.spine import active_items, active_shops, every_pair, given_pairs, sold_in
from features.tables import features_table, monthly_table
from features.withdrawal import WITHDRAWALS, without
from jobs.panel_rows import PanelRows
from jobs.stored_entities import panel_entities
from jobs.stored_rows import Files, stored_rows
from lakehouse.delta.parts import Rows
from lakehouse.lake import Lake
from lakehouse.month_range import plus_months
from lakehouse.profile import Forecast
from lakehouse.table import Table
from lakehouse.tables.silver import ITEMS, SHOPS


@dataclass(frozen=True)
class MonthParts:
    """What the panel of one target month is assembled from.

    Attributes:
        lake: where the tables are.
        features: the model's columns.
        month: target month.
        files: table path → its files of the months that are read, or all files of a table without
            months.
        horizon: months from the cutoff to the target month.
    """

    lake: Lake
    features: FeatureSet
    month: date
    files: Files
    horizon: int = 1

    def listed_since(self, months: int) -> pa.Array:
        """Return the items that were listed in so many months up to the cutoff."""
        catalogue = self._read(ITEMS, [ITEM, "listed_on"])
        end = known_month(self.month, self.horizon)
        listed = catalogue["listed_on"]
        since = pc.greater_equal(listed, plus_months(end, -months))
        is_new = pc.and_(since, pc.less(listed, end))
        return pc.unique(catalogue.filter(is_new)[ITEM]).cast(pa.string())

    def groups(self) -> dict[str, pa.Table]:
        """Read each group's features."""
        return {g.name: self._read(features_table(g)) for g in self.features.groups}

    def inputs(self) -> dict[str, Known]:
        """Read what the declared inputs say, by feature."""
        return {feature.name: self._input(feature) for feature in self.features.inputs}

    def _input(self, feature: InputFeature) -> Known:
        table = feature.source.table
        columns = [n for n in table.names if n not in ("month", "updated_at")]
        files = {table.path: self.files[feature.name]}
        rows = stored_rows(self.lake, table, files, columns)
        if SHOP in columns:
            shops = self._read(SHOPS, [SHOP, "alias_of"])
            rows = rows.set_column(columns.index(SHOP), SHOP, without_aliases(rows[SHOP], shops))
        return feature.known(rows, feature.month_read(self.month, self.horizon))

    def withdrawn(self, key: str) -> pa.Array:
        """Return the shops or items that are gone before the target month."""
        gone = [
            withdrawal.gone(
                self._read(withdrawal.source.table, [key, withdrawal.ends_on]), self.month
            )
            for withdrawal in WITHDRAWALS
            if withdrawal.key == key and withdrawal.source.table.path in self.files
        ]
        return pa.chunked_array(gone, pa.string()).combine_chunks()

    def entities(self, groups: Mapping[str, pa.Table]) -> tuple[pa.Table, pa.Table]:
        """Read ``[id, *attributes]`` of shops and of items.

        Args:
            groups: each group's features.
        """
        return panel_entities(self.lake, self.features, self.files, groups["item"][ITEM])

    def cells(self, group: str, columns: list[str]) -> pa.Table:
        """Read columns of a group's cells of the target month itself."""
        named = next(g for g in self.features.groups if g.name == group)
        return self._read(monthly_table(named), columns)

    def _read(self, table: Table, columns: list[str] | None = None) -> pa.Table:
        wanted = columns or [name for name in table.names if name not in table.partition_by]
        return stored_rows(self.lake, table, self.files, wanted)


@dataclass(frozen=True)
class PanelTask:
    """Assembles pieces of the stored panel; sent to the workers.

    Attributes:
        panel: which one.
        rule: which pairs the assortment has.
    """

    panel: PanelRows
    rule: Forecast

    def __call__(self, piece: Mapping[str, Any]) -> Iterator[Rows]:
        """Assemble the rows of a slice of a month's items.

        Args:
            piece: ``month``, ``slice``, ``slices``, ``is_closed``, and ``files`` by table.
        """
        panel, month = self.panel, date.fromisoformat(piece["month"])
        parts = MonthParts(panel.lake, panel.features, month, piece["files"], panel.horizon)
        rows = self._rows(parts, piece["slice"], piece["slices"], piece["is_closed"])
        yield Rows(panel.table, rows)

    def _rows(self, parts: MonthParts, slice_: int, slices: int, is_closed: bool) -> pa.Table:
        groups = parts.groups()
        shops, items = self._ids(parts, groups)
        mine = items.take(pa.array(np.arange(slice_, len(items), slices)))
        actuals = parts.cells("shop_item", [SHOP, ITEM, TARGET]) if is_closed else None
        spine = every_pair(shops, mine, parts.entities(groups))
        return assemble(spine, parts.month, groups, actuals, parts.features, parts.inputs())

    def _ids(self, parts: MonthParts, groups: dict[str, pa.Table]) -> tuple[pa.Array, pa.Array]:
        if self.panel.spine == "grid":
            shops = parts.cells("shop", [SHOP, "sales"])
            return sold_in(shops, SHOP), sold_in(parts.cells("item", [ITEM, "sales"]), ITEM)
        new = parts.listed_since(self.rule.newly_listed_months)
        shops = active_shops(groups["shop"], self.rule)
        items = active_items(groups["item"], new, self.rule)
        return without(shops, parts.withdrawn(SHOP)), without(items, parts.withdrawn(ITEM))


@dataclass(frozen=True)
class PairsTask:
    """Assembles panel rows for given pairs of one target month; sent to the workers."""

    parts: MonthParts

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Assemble a row for each pair, ``[shop_id, item_id]`` unique, of a Spark partition."""
        received = list(batches)
        if not received:
            return
        groups = self.parts.groups()
        spine = given_pairs(pa.Table.from_batches(received), self.parts.entities(groups))
        known = (self.parts.month, groups, None, self.parts.features, self.parts.inputs())
        panel = assemble(spine, *known)
        yield from plain(panel).to_batches()


def without_aliases(ids: pa.ChunkedArray, shops: pa.Table) -> pa.ChunkedArray:
    """Name shops by their own id.

    Args:
        ids: shops, perhaps by other names.
        shops: ``[shop_id, alias_of]``.
    """
    aliases = shops.filter(pc.is_valid(shops["alias_of"]))
    texts = ids.cast(pa.string())
    found = pc.index_in(texts, aliases[SHOP].cast(pa.string()).combine_chunks())
    return pc.coalesce(aliases["alias_of"].cast(pa.string()).take(found), texts)


def plain(panel: pa.Table) -> pa.Table:
    """Decode dictionaries, which Spark's Arrow reader does not take."""
    schema = pa.schema(
        [
            field.with_type(field.type.value_type) if pa.types.is_dictionary(field.type) else field
            for field in panel.schema
        ]
    )
    return panel.cast(schema)
