"""Features of a few keys, computed here, and put in the place of those that are stored."""

from collections.abc import Mapping, Sequence
from datetime import date
from itertools import cycle

import pyarrow as pa
import pyarrow.compute as pc

from feature_store.features import FeaturesTask
from feature_store.lineage import built_as_declared
from feature_store.work_units import feature_pieces
from features.difference import is_among, with_coded
from features.group import FeatureGroup
from features.tables import features_table
from lakehouse.lake import Lake
from lakehouse.month_range import MonthRange, plus_months


def features_of(
    lake: Lake,
    group: FeatureGroup,
    keys: pa.Table,
    months: Sequence[date],
    opening: date | None,
    history: MonthRange,
) -> dict[date, pa.Table]:
    """Compute a group's features of some keys, by target month.

    Args:
        lake: where the cells are.
        group: whose features they are.
        keys: ``[*group.keys]``, few enough for this process.
        months: target months, in order.
        opening: month whose features stand for all cells before it; None: all cells are read.
        history: the lake's months.
    """
    pieces = feature_pieces(lake, group, list(months), opening, history, buckets=1)
    task = FeaturesTask(lake, [group], history, keys)
    made: dict[date, list[pa.Table]] = {month: [] for month in months}
    for piece in pieces:
        # A part of the keys has all months, in their order.
        for month, part in zip(cycle(months), task(piece.plain()), strict=False):
            made[month].append(part.rows)
    return {month: pa.concat_tables(parts) for month, parts in made.items()}


def patched(
    month: date, stored: pa.Table, keys: pa.Table, computed: Mapping[date, pa.Table]
) -> pa.Table:
    """Put the rows computed for some keys in the place of those that a month holds of them."""
    kept = stored.filter(pc.invert(is_among(stored, keys)))
    new = computed[month].select(stored.column_names)
    return pa.concat_tables([with_coded(rows, keys.column_names) for rows in (kept, new)])


def opening_month(
    lake: Lake, group: FeatureGroup, first: date, digests: Mapping[date, str]
) -> date | None:
    """Return the month before which features stand for the cells; None: read all cells.

    They do where they are up to date; the time of a month then does not grow with history.

    Args:
        lake: where the features are.
        group: whose features they are.
        first: target month that is computed.
        digests: target month → what its features should be made from.
    """
    opening = plus_months(first, -group.lookback)
    built = built_as_declared(lake, features_table(group))
    is_current = opening in digests and built.get(opening) == digests[opening]
    return opening if is_current else None
