"""One worker's piece of the panel: a month and a slice of its items, read, assembled, yielded."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.feature_set import TARGET, FeatureSet
from features.group import ITEM, SHOP
from features.panel import assemble
from features.spine import (
    Spine,
    active_items,
    active_shops,
    every_pair,
    given_pairs,
    sold_in,
)
from features.tables import features_table, monthly_table
from lakehouse.delta.files import read
from lakehouse.lake import Lake
from lakehouse.month_range import plus_months
from lakehouse.profile import Forecast
from lakehouse.table import Table
from lakehouse.tables.silver import ITEMS

WORK = pa.schema(
    [
        ("month", pa.date32()),
        ("slice", pa.int32()),
        ("slices", pa.int32()),
        ("is_closed", pa.bool_()),
        ("files", pa.string()),
    ]
)


@dataclass(frozen=True)
class PanelTask:
    """What every piece of work has in common; sent to the workers.

    Attributes:
        lake: where the tables are.
        features: the model's columns.
        spine: its name, or ``pairs``.
        rule: which pairs the assortment has.
        pairs: for the spine ``pairs``: ``[shop_id, item_id]``.
    """

    lake: Lake
    features: FeatureSet
    spine: str
    rule: Forecast
    pairs: pa.Table | None = None

    def produce(self, work: pa.Table) -> Iterator[pa.Table]:
        """Assemble the rows of each piece of work."""
        for piece in work.to_pylist():
            yield Piece(self, **{**piece, "files": json.loads(piece["files"])}).rows()


@dataclass(frozen=True)
class Piece:
    """A month and a slice of its items.

    Attributes:
        task: what it belongs to.
        month: target month.
        slice: which of the slices.
        slices: into how many the month's items are cut.
        is_closed: whether the month's sales are complete, so that it has a target.
        files: table path → the files of that month, or all files of a table without months.
    """

    task: PanelTask
    month: date
    slice: int
    slices: int
    is_closed: bool
    files: dict[str, list[str]]

    def rows(self) -> pa.Table:
        """Read the month's features and assemble the panel rows."""
        features = self.task.features
        parts = {g.name: self._read(features_table(g)) for g in features.groups}
        spine = self._spine(parts)
        cells = monthly_table(features.groups[0])
        actuals = self._read(cells, [SHOP, ITEM, TARGET]) if self.is_closed else None
        return assemble(spine, self.month, parts, actuals, features)

    def _spine(self, parts: dict[str, pa.Table]) -> Spine:
        catalogue = self._read(ITEMS, [ITEM, "category_id", "listed_on"])
        if self.task.pairs is not None:
            return given_pairs(self.task.pairs, catalogue)
        shops, items = self._grid() if self.task.spine == "grid" else self._active(parts, catalogue)
        mine = items.take(pa.array(np.arange(self.slice, len(items), self.slices)))
        return every_pair(shops, mine, catalogue)

    def _grid(self) -> tuple[pa.Array, pa.Array]:
        groups = {group.name: monthly_table(group) for group in self.task.features.groups}
        shops = sold_in(self._read(groups["shop"], [SHOP, "sales"]), SHOP)
        return shops, sold_in(self._read(groups["item"], [ITEM, "sales"]), ITEM)

    def _active(
        self, parts: dict[str, pa.Table], catalogue: pa.Table
    ) -> tuple[pa.Array, pa.Array]:
        rule = self.task.rule
        since = plus_months(self.month, -rule.newly_listed_months)
        is_new = pc.and_(
            pc.greater_equal(catalogue["listed_on"], since),
            pc.less(catalogue["listed_on"], self.month),
        )
        listed = pc.unique(catalogue.filter(is_new)[ITEM]).cast(pa.string())
        return active_shops(parts["shop"], rule), active_items(parts["item"], listed, rule)

    def _read(self, table: Table, columns: list[str] | None = None) -> pa.Table:
        stored = [name for name in table.names if name not in table.partition_by]
        text = [name for name in table.key if name in (columns or stored)]
        found = read(self.task.lake.uri(table), self.files.get(table.path, []), columns, text)
        return table.schema.empty_table().select(columns or stored) if found is None else found
