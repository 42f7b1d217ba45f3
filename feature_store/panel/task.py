"""Worker tasks for the panel: read one month's features, make a spine, assemble the rows."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from feature_store.panel.month_inputs import PanelInputs
from feature_store.panel.rows import PanelRows
from feature_store.units import PanelUnit
from features.group import ITEM, SHOP
from features.panel import PanelColumns, assemble
from features.spine import Spine, active_items, active_shops, every_pair, given_pairs, sold_in
from features.withdrawal import without
from lakehouse.delta.parts import TableRows


@dataclass(frozen=True)
class PanelTask:
    """Assembles units of a stored panel; sent to the workers.

    Attributes:
        panel: the panel.
    """

    panel: PanelRows

    def __call__(self, unit: PanelUnit) -> Iterator[TableRows]:
        """Assemble the panel rows of one bucket of items in one month.

        Args:
            unit: the target month, with files by table path or input feature.
        """
        panel = self.panel
        inputs = PanelInputs(
            panel.lake, panel.features, unit.month, unit.files, panel.horizon, unit.bucket
        )
        spine = self._spine(inputs)
        actuals = inputs.actuals(spine) if unit.is_closed else None
        yield TableRows(
            panel.table, assemble(spine, unit.month, columns_of(inputs, spine), actuals)
        )

    def _spine(self, inputs: PanelInputs) -> Spine:
        shops, items = self._ids(inputs)
        return inputs.spine(partial(every_pair, shops, items), items)

    def _ids(self, inputs: PanelInputs) -> tuple[pa.Array, pa.Array]:
        if self.panel.spine == "grid":
            return sold_in(inputs.sold(SHOP), SHOP), sold_in(inputs.sold(ITEM), ITEM)
        rule = self.panel.features.assortment
        new = inputs.listed_since(rule.newly_listed_months)
        shops = active_shops(inputs.known(SHOP, "shop_sales_since_all"), rule)
        items = active_items(inputs.known(ITEM, "item_sales_since_all"), new, rule)
        return without(shops, inputs.withdrawn(SHOP)), without(items, inputs.withdrawn(ITEM))


def columns_of(inputs: PanelInputs, spine: Spine) -> PanelColumns:
    """Read what the columns of a spine's panel rows are made from."""
    return PanelColumns(inputs.features, inputs.groups(spine), inputs.inputs(spine))


@dataclass(frozen=True)
class PairsTask:
    """Assembles panel rows for given pairs of one target month; sent to the workers.

    Attributes:
        inputs: the reader of the target month's features and inputs.
    """

    inputs: PanelInputs

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Assemble a panel row, without target, for each pair of a Spark partition.

        Args:
            batches: ``[shop_id, item_id]``, unique.
        """
        received = list(batches)
        if not received:
            return
        pairs = pa.Table.from_batches(received)
        spine = self.inputs.spine(partial(given_pairs, pairs), pc.unique(pairs[ITEM]))
        rows = assemble(spine, self.inputs.month, columns_of(self.inputs, spine), None)
        yield from plain(rows).to_batches()


def plain(panel: pa.Table) -> pa.Table:
    """Decode dictionary-encoded columns, which Spark's Arrow reader does not accept."""
    schema = pa.schema(
        [
            field.with_type(field.type.value_type) if pa.types.is_dictionary(field.type) else field
            for field in panel.schema
        ]
    )
    return panel.cast(schema)
