"""The age of items, months since their first sale anywhere, as a key that groups can have.

Of a month's cells it is the age in that month, 0 in the month of the first sale; of a panel row
the age in the month after the cutoff, 0 of an item that nobody bought yet. So what is known of
items at an age, the first month above all, is joined to items that come to that age.
"""

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
NOT_SOLD = np.iinfo(np.int64).max


def with_age(cells: pa.Table) -> pa.Table:
    """Add the age that each cell's item has in the cell's month.

    Args:
        cells: ``[item_id, month, sales, …]``, of all months from the lake's first on.

    Returns:
        The rows and ``item_age``, without cells before the item's first sale.
    """
    coded = dictionary(cells[ITEM])
    items, months = coded.indices.to_numpy(), month_numbers(cells["month"])
    is_sold = pc.greater(cells[PRESENCE], 0).to_numpy()
    first = np.full(len(coded.dictionary), NOT_SOLD)
    np.minimum.at(first, items[is_sold], months[is_sold])
    ages = months - first[items]
    known = ages >= 0
    column = pa.DictionaryArray.from_arrays(capped(ages[known]).astype(np.int32), AGES)
    return cells.filter(pa.array(known)).append_column(ITEM_AGE, column)


def ages_of(items: pa.Array, known: pa.Table) -> Codes:
    """Return the age of items in a target month, as positions in ``AGES``.

    Args:
        items: distinct ids.
        known: features of the item's group in that month, ``[item_id, item_sales_age_all]``.
    """
    ages = np.zeros(len(items), np.int64)
    at = positions(known[ITEM], items)
    ages[at[at >= 0]] = known[f"item_{PRESENCE}_age_all"].to_numpy()[at >= 0].astype(np.int64)
    return capped(ages)


def capped(ages: Codes) -> Codes:
    """Count the old as oldest."""
    oldest: Codes = np.minimum(ages, OLDEST)
    return oldest
