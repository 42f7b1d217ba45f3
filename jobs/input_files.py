"""The files of the optional inputs that a target month's panel is assembled from."""

from collections.abc import Callable
from datetime import date

from features.feature_set import FeatureSet
from features.withdrawal import WITHDRAWALS
from lakehouse.delta import log
from lakehouse.lake import Lake
from lakehouse.table import Table

# Of a feature by its name, since two may read different months of a table; else by table path.
InputFiles = dict[str, list[str]]


def input_files(lake: Lake, features: FeatureSet, horizon: int = 1) -> Callable[[date], InputFiles]:
    """Return a function that lists the files a target month's inputs are read from.

    Raises:
        LakeError: the profile declares an input that was never ingested.
    """
    monthly = {
        f.source.table.path: f.source.table for f in features.inputs if is_monthly(f.source.table)
    }
    by_month = {path: log.month_files(lake, table) for path, table in monthly.items()}
    whole = {table.path: log.all_files(lake, table) for table in whole_tables(lake)}

    def files(month: date) -> InputFiles:
        read = {
            feature.name: by_month[path].get(feature.month_read(month, horizon), [])
            if (path := feature.source.table.path) in by_month
            else whole[path]
            for feature in features.inputs
        }
        return read | whole

    return files


def is_monthly(table: Table) -> bool:
    """Say whether an input says something of each month."""
    return "month" in table.partition_by


def whole_tables(lake: Lake) -> list[Table]:
    """List the declared inputs that do not depend on the month."""
    declared = lake.profile().inputs
    return [w.source.table for w in WITHDRAWALS if w.source.name in declared]
