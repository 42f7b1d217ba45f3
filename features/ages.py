"""The age of items, months since their first sale anywhere, as a key that groups can have.

Of a month's cells it is the age in that month, 0 in the month of the first sale; of a panel row
the age in the month after the cutoff, 0 of an item that nobody bought yet. So what is known of
items at an age, the first month above all, is joined to items that come to that age.
"""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.encoding import Codes, dictionary, positions
from features.group import ITEM, PRESENCE
from lakehouse.month_range import month_numbers

ITEM_AGE = "item_age"
# Older ones count as this old.
OLDEST = 12
AGES = pa.array([str(age) for age in range(OLDEST + 1)])
FIRST_SALES = pa.schema([(ITEM, pa.string()), ("first", pa.int64())])
NOT_SOLD = np.iinfo(np.int64).max


def first_sales(cells: pa.Table) -> pa.Table:
    """Return each item's first month with a sale.

    Args:
        cells: ``[item_id, month, sales, …]``, of all months from the lake's first on.

    Returns:
        ``[item_id, first]``, unique on the item, ``first`` being the month's number.
    """
    sold = cells.filter(pc.greater(cells[PRESENCE], 0))
    coded = dictionary(sold[ITEM])
    first = np.full(len(coded.dictionary), NOT_SOLD)
    np.minimum.at(first, coded.indices.to_numpy(), month_numbers(sold["month"]))
    return pa.table({ITEM: coded.dictionary, "first": first})


def earliest(lists: Sequence[pa.Table]) -> pa.Table:
    """Put lists of first sales together, each item once with its earliest month.

    Args:
        lists: ``[item_id, first]`` each.
    """
    together = pa.concat_tables([of.cast(FIRST_SALES) for of in lists])
    found = together.group_by(ITEM, use_threads=False).aggregate([("first", "min")])
    return found.select([ITEM, "first_min"]).rename_columns([ITEM, "first"])


def with_age(cells: pa.Table, first: pa.Table) -> pa.Table:
    """Add the age that each cell's item has in the cell's month.

    Args:
        cells: ``[item_id, month, …]``.
        first: ``[item_id, first]``, the month of each item's first sale anywhere.

    Returns:
        The rows and ``item_age``, without cells before the item's first sale.
    """
    at = positions(cells[ITEM], first[ITEM].combine_chunks())
    began = np.append(first["first"].to_numpy(), NOT_SOLD)[at]
    months = month_numbers(cells["month"])
    known = began <= months
    ages = capped(months[known] - began[known])
    column = pa.DictionaryArray.from_arrays(ages.astype(np.int32), AGES)
    return cells.filter(pa.array(known)).append_column(ITEM_AGE, column)


def ages_of(items: pa.Array, known: pa.Table) -> Codes:
    """Return the age of items in a target month, as positions in ``AGES``.

    Args:
        items: distinct ids.
        known: features of the item's group in that month, ``[item_id, item_sales_age_all]``.
    """
    ages = np.zeros(len(items), np.int64)
    at = positions(known[ITEM], items)
    months = np.ceil(known[f"item_{PRESENCE}_age_all"].to_numpy()[at >= 0])
    ages[at[at >= 0]] = months.astype(np.int64)
    return capped(ages)


def capped(ages: Codes) -> Codes:
    """Count the old as oldest."""
    oldest: Codes = np.minimum(ages, OLDEST)
    return oldest
