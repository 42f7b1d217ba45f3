"""Item age, a key of feature groups: months since the item's first sale in any shop.

A monthly cell has the item's age in the cell's month, 0 in the month of the first sale. A panel
row has the age in the month after the cutoff, 0 if the item never sold. Groups by age give a new
item the sales of earlier items at the same age, above all in the first month.
"""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.encoding import Codes, dictionary, positions
from features.group import ITEM, PRESENCE
from lakehouse.month_range import month_numbers

ITEM_AGE = "item_age"
# Months; older items count as this old, so that groups by age have few keys.
OLDEST = 12
AGES = pa.array([str(age) for age in range(OLDEST + 1)])
FIRST_SALES = pa.schema([(ITEM, pa.string()), ("first", pa.int64())])
NOT_SOLD = np.iinfo(np.int64).max


def first_sales(cells: pa.Table) -> pa.Table:
    """Return each item's first month with a sale.

    Args:
        cells: ``[item_id, month, sales, …]``, of all months from the lake's first on.
            A cell with 0 sales is ignored.

    Returns:
        ``[item_id, first]``, unique on the item; ``first`` is the number of the month.
    """
    sold = cells.filter(pc.greater(cells[PRESENCE], 0))
    coded = dictionary(sold[ITEM])
    first = np.full(len(coded.dictionary), NOT_SOLD)
    np.minimum.at(first, coded.indices.to_numpy(), month_numbers(sold["month"]))
    return pa.table({ITEM: coded.dictionary, "first": first})


def earliest(lists: Sequence[pa.Table]) -> pa.Table:
    """Merge lists of first sales, keeping the earliest month of each item.

    Args:
        lists: tables ``[item_id, first]``; ``first`` is the number of a month.
    """
    together = pa.concat_tables([of.cast(FIRST_SALES) for of in lists])
    firsts = together.group_by(ITEM, use_threads=False).aggregate([("first", "min")])
    return firsts.select([ITEM, "first_min"]).rename_columns([ITEM, "first"])


def with_age(cells: pa.Table, first: pa.Table) -> pa.Table:
    """Add ``item_age``, the item's age in the cell's month, to monthly cells.

    Args:
        cells: ``[item_id, month, …]``.
        first: ``[item_id, first]``, the number of the month of each item's first sale in any shop.

    Returns:
        The cells with ``item_age`` (text, whole months, at most ``OLDEST``), without the cells
        before the item's first sale.
    """
    at = positions(cells[ITEM], first[ITEM].combine_chunks())
    began = np.append(first["first"].to_numpy(), NOT_SOLD)[at]
    months = month_numbers(cells["month"])
    is_sold = began <= months
    ages = cap_ages(months[is_sold] - began[is_sold])
    column = pa.DictionaryArray.from_arrays(ages.astype(np.int32), AGES)
    return cells.filter(pa.array(is_sold)).append_column(ITEM_AGE, column)


def ages_of(items: pa.Array, item_features: pa.Table) -> Codes:
    """Return the age of items in a target month, as positions in ``AGES``.

    Args:
        items: distinct item ids.
        item_features: features of the group ``item`` in the target month,
            ``[item_id, item_sales_age_all]``.

    Returns:
        ``[item]`` int64; 0 for an item without features.
    """
    ages = np.zeros(len(items), np.int64)
    at = positions(item_features[ITEM], items)
    months = np.ceil(item_features[f"item_{PRESENCE}_age_all"].to_numpy()[at >= 0])
    ages[at[at >= 0]] = months.astype(np.int64)
    return cap_ages(ages)


def cap_ages(ages: Codes) -> Codes:
    """Limit ages, in months, to ``OLDEST``."""
    oldest: Codes = np.minimum(ages, OLDEST)
    return oldest
