"""Unlisted sales: sales of shops and items that silver.shops and silver.items do not have."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from lakehouse.delta import log
from lakehouse.delta.arrow import read_table
from lakehouse.lake import Lake
from lakehouse.tables.silver import ITEMS, SHOPS

LISTS = {"shop_id": SHOPS, "item_id": ITEMS}
FIRST_IDS = 5


@dataclass(frozen=True)
class UnlistedIds:
    """The ids of a column that a list does not have.

    Attributes:
        sales: number of live sales with such an id.
        ids: number of such ids.
        first: the ids with the most sales.
    """

    sales: int
    ids: int
    first: list[str]


@dataclass(frozen=True)
class Listed:
    """The ids of the shop and item lists.

    Attributes:
        ids: shop_id or item_id → distinct ids; shop ids include aliases.
    """

    ids: Mapping[str, pa.Array]

    @classmethod
    def of(cls, lake: Lake) -> "Listed":
        """Read the ids of silver.shops and silver.items; a missing table has none."""
        return cls(
            {
                name: read_table(lake, table, [name])[name].combine_chunks()
                if log.exists(lake, table)
                else pa.array([], pa.string())
                for name, table in LISTS.items()
            }
        )

    @classmethod
    def of_rows(cls, **rows: Iterable[Mapping[str, object]]) -> "Listed":
        """Take ids from rows: ``shop_id=`` rows of silver.shops, ``item_id=`` of silver.items."""
        return cls(
            {
                name: pa.array([row[name] for row in listed], pa.string())
                for name, listed in rows.items()
            }
        )

    def count_unlisted(self, sales: pa.Table) -> dict[str, Counter[str]]:
        """Count the sales of each unlisted shop and of each unlisted item.

        Args:
            sales: ``[shop_id, item_id]`` of live sales.
        """
        return {name: count_others(sales[name], ids) for name, ids in self.ids.items()}


def count_others(ids: pa.ChunkedArray, listed: pa.Array) -> Counter[str]:
    """Count how often each id that is not in the list occurs; null ids are skipped."""
    texts = ids.cast(pa.string())
    others = texts.filter(pc.and_(pc.is_valid(texts), pc.invert(pc.is_in(texts, listed))))
    counts = pc.value_counts(others).to_pylist()
    return Counter({count["values"]: count["counts"] for count in counts})


def summarize_unlisted(counts: Counter[str]) -> UnlistedIds:
    """Sum up the sales of unlisted ids.

    Args:
        counts: id → number of sales.
    """
    by_frequency = sorted(counts, key=lambda text: (-counts[text], text))
    return UnlistedIds(counts.total(), len(counts), by_frequency[:FIRST_IDS])
