"""Forecasts as Arrow record batches, for Arrow, Parquet and CSV."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from lakehouse.tables.gold import FORECASTS
from lakehouse.types import FLAG, RATE, TEXT
from serving.lookup.columns import Columns
from serving.lookup.rows import Rows
from serving.lookup.texts import NUMBERS, Number
from serving.lookup.view import View

STALE = "stale"
# Every forecast names its version, cutoff, horizon, model, rung and time.
OVERRIDE_SCHEMA = pa.schema(
    [
        ("override_units", RATE),
        ("override_reason", TEXT),
        ("override_comment", TEXT),
        ("override_author", TEXT),
    ]
)
SCHEMA = pa.schema(
    [*FORECASTS.schema, pa.field(STALE, FLAG, nullable=False), *OVERRIDE_SCHEMA]
).remove_metadata()


@dataclass(frozen=True)
class PairRows:
    """Rows of forecasts and the pair of each.

    Attributes:
        rows: ``[row]`` int64: row numbers of the columns.
        shops: ``[row]`` int64: shop numbers.
        items: ``[row]`` int64: item numbers.
    """

    rows: Number
    shops: Number
    items: Number

    @classmethod
    def of_pairs(cls, columns: Columns, places: range) -> "PairRows":
        """Return all rows of the pairs at consecutive places of ``pairs``."""
        starts = columns.arrays["starts"][places.start : places.stop + 1]
        pairs = np.repeat(columns.arrays["pairs"][places.start : places.stop], np.diff(starts))
        rows = np.arange(starts[0], starts[-1]) if len(places) else np.zeros(0, np.int64)
        return cls(rows, *np.divmod(pairs, max(1, len(columns.items))))

    @classmethod
    def of_rows(cls, rows: Rows, shops: Number, items: Number) -> "PairRows":
        """Return the rows of pairs.

        Args:
            rows: the rows of each pair.
            shops: ``[pair]`` int64: shop numbers.
            items: ``[pair]`` int64: item numbers.
        """
        return cls(rows.numbers, np.repeat(shops, rows.counts), np.repeat(items, rows.counts))


def forecast_frame(view: View, columns: Columns, wanted: PairRows) -> pa.RecordBatch:
    """Return forecasts with the columns of ``SCHEMA``."""
    count, version = len(wanted.rows), view.snapshot.version
    kinds = pa.array(columns.kinds_of(wanted.rows))
    arrays = {
        "shop_id": columns.shop_ids.take(pa.array(wanted.shops)),
        "item_id": columns.item_ids.take(pa.array(wanted.items)),
        "version": pa.repeat(version.version, count),
        "cutoff": pa.repeat(pa.scalar(version.cutoff), count),
        STALE: pa.repeat(view.is_stale, count),
        **{name: column.take(kinds) for name, column in columns.kind_columns.items()},
        **override_columns(view, columns, wanted.rows),
    }
    for name in NUMBERS:
        arrays[name] = pa.array(columns.values(name, wanted.rows), from_pandas=True)
    return pa.RecordBatch.from_arrays(
        [arrays[field.name].cast(field.type) for field in SCHEMA], schema=SCHEMA
    )


def override_columns(view: View, columns: Columns, rows: Number) -> dict[str, pa.Array]:
    """Return the columns ``OVERRIDE_SCHEMA`` for some rows; null: no override."""
    overrides = view.overrides_in(columns)
    if not overrides:
        return {field.name: pa.nulls(len(rows), field.type) for field in OVERRIDE_SCHEMA}
    of_rows = [overrides.get(row) for row in rows.tolist()]
    return {
        field.name: pa.array(
            [o and getattr(o, field.name.removeprefix("override_")) for o in of_rows], field.type
        )
        for field in OVERRIDE_SCHEMA
    }
