"""Patch of stored features: recompute a few keys in this process and replace their rows."""

from collections.abc import Mapping
from datetime import date
from itertools import cycle

import pyarrow as pa
import pyarrow.compute as pc

from feature_store.features import FeaturesTask
from feature_store.lineage import built_as_declared
from feature_store.planning import FeatureSpan, feature_units
from features.difference import encode_columns, is_among
from features.group import FeatureGroup
from features.tables import features_table
from lakehouse.lake import Lake
from lakehouse.month_range import plus_months


def compute_keys(lake: Lake, span: FeatureSpan, keys: pa.Table) -> dict[date, pa.Table]:
    """Compute a group's features of some keys, by target month.

    Args:
        lake: the lake that has the cells.
        span: the group and its target months.
        keys: ``[*group.keys]``, few enough for the memory of this process.

    Returns:
        Target month → rows of the features table.
    """
    task = FeaturesTask(lake, [span.group], span.history, keys)
    parts: dict[date, list[pa.Table]] = {month: [] for month in span.months}
    for unit in feature_units(lake, span, buckets=1):
        # The task yields all months, in order, for each part of the keys.
        for month, part in zip(cycle(span.months), task(unit), strict=False):
            parts[month].append(part.rows)
    return {month: pa.concat_tables(tables) for month, tables in parts.items()}


def replace_keys(
    month: date, stored: pa.Table, keys: pa.Table, computed: Mapping[date, pa.Table]
) -> pa.Table:
    """Replace the rows of some keys in one month of stored features.

    Args:
        month: the target month.
        stored: all rows of the month.
        keys: ``[*group.keys]``, the keys to replace.
        computed: target month → new rows of these keys.
    """
    kept = stored.filter(pc.invert(is_among(stored, keys)))
    new = computed[month].select(stored.column_names)
    return pa.concat_tables([encode_columns(rows, keys.column_names) for rows in (kept, new)])


def opening_month(
    lake: Lake, group: FeatureGroup, first: date, digests: Mapping[date, str]
) -> date | None:
    """Return the month whose stored features replace all earlier cells; None: read all cells.

    The features of that month must be up to date. The cost of computing a month then does not
    grow with the length of the history.

    Args:
        lake: the lake that has the features.
        group: the group whose features are computed.
        first: the first target month to compute.
        digests: target month → digest of the inputs that current features are made from.
    """
    opening = plus_months(first, -group.lookback)
    built = built_as_declared(lake, features_table(group))
    is_current = opening in digests and built.get(opening) == digests[opening]
    return opening if is_current else None
