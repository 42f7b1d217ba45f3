"""What a worker does for the panel: read one month's parts, lay out a spine, assemble the rows."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.feature_set import TARGET, FeatureSet, panel_table
from features.group import CATEGORY, ITEM, SHOP
from features.panel import assemble
from features.spine import active_items, active_shops, every_pair, given_pairs, sold_in
from features.tables import features_table, monthly_table
from jobs.stored_rows import Files, stored_rows
from lakehouse.delta.parts import Rows
from lakehouse.lake import Lake
from lakehouse.month_range import plus_months
from lakehouse.profile import Forecast
from lakehouse.table import Table
from lakehouse.tables.silver import ITEMS


@dataclass(frozen=True)
class MonthParts:
    """What the panel of one target month is assembled from.

    Attributes:
        lake: where the tables are.
        features: the model's columns.
        month: target month.
        files: table path → its files of that month, or all files of a table without months.
    """

    lake: Lake
    features: FeatureSet
    month: date
    files: Files

    def groups(self) -> dict[str, pa.Table]:
        """Read each group's features."""
        return {g.name: self._read(features_table(g)) for g in self.features.groups}

    def catalogue(self) -> pa.Table:
        """Read ``[item_id, category_id, listed_on]`` of every item."""
        return self._read(ITEMS, [ITEM, CATEGORY, "listed_on"])

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
        lake: where the tables are.
        features: the model's columns.
        spine: ``assortment`` or ``grid``.
        rule: which pairs the assortment has.
    """

    lake: Lake
    features: FeatureSet
    spine: str
    rule: Forecast

    def __call__(self, piece: Mapping[str, Any]) -> Iterator[Rows]:
        """Assemble the rows of a slice of a month's items.

        Args:
            piece: ``month``, ``slice``, ``slices``, ``is_closed``, and ``files`` by table.
        """
        month = date.fromisoformat(piece["month"])
        parts = MonthParts(self.lake, self.features, month, piece["files"])
        rows = self._rows(parts, piece["slice"], piece["slices"], piece["is_closed"])
        yield Rows(panel_table(self.features, self.spine), rows)

    def _rows(self, parts: MonthParts, slice_: int, slices: int, is_closed: bool) -> pa.Table:
        groups, catalogue = parts.groups(), parts.catalogue()
        shops, items = self._ids(parts, groups, catalogue)
        mine = items.take(pa.array(np.arange(slice_, len(items), slices)))
        actuals = parts.cells("shop_item", [SHOP, ITEM, TARGET]) if is_closed else None
        spine = every_pair(shops, mine, catalogue)
        return assemble(spine, parts.month, groups, actuals, self.features)

    def _ids(
        self, parts: MonthParts, groups: dict[str, pa.Table], catalogue: pa.Table
    ) -> tuple[pa.Array, pa.Array]:
        if self.spine == "grid":
            shops = parts.cells("shop", [SHOP, "sales"])
            return sold_in(shops, SHOP), sold_in(parts.cells("item", [ITEM, "sales"]), ITEM)
        since = plus_months(parts.month, -self.rule.newly_listed_months)
        listed = catalogue["listed_on"]
        is_new = pc.and_(pc.greater_equal(listed, since), pc.less(listed, parts.month))
        new = pc.unique(catalogue.filter(is_new)[ITEM]).cast(pa.string())
        return active_shops(groups["shop"], self.rule), active_items(groups["item"], new, self.rule)


@dataclass(frozen=True)
class PairsTask:
    """Assembles panel rows for given pairs of one target month; sent to the workers."""

    parts: MonthParts

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Assemble a row for each pair, ``[shop_id, item_id]`` unique, of a Spark partition."""
        received = list(batches)
        if not received:
            return
        spine = given_pairs(pa.Table.from_batches(received), self.parts.catalogue())
        groups = self.parts.groups()
        panel = assemble(spine, self.parts.month, groups, None, self.parts.features)
        yield from plain(panel).to_batches()


def plain(panel: pa.Table) -> pa.Table:
    """Decode dictionaries, which Spark's Arrow reader does not take."""
    schema = pa.schema(
        [
            field.with_type(field.type.value_type) if pa.types.is_dictionary(field.type) else field
            for field in panel.schema
        ]
    )
    return panel.cast(schema)
