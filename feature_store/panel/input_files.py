"""Files and states of the optional inputs that a target month's panel is assembled from."""

from collections.abc import Callable
from datetime import date
from typing import TypeVar

from features.feature_set import FeatureSet
from features.withdrawal import WITHDRAWALS
from lakehouse.delta import listing, log
from lakehouse.lake import Lake
from lakehouse.table import Table

# Feature name → files, because two features may read different months of one table; for an input
# that no feature reads (withdrawals), table path → files.
InputFiles = dict[str, list[str]]
Of = TypeVar("Of")


def input_files(lake: Lake, features: FeatureSet, horizon: int = 1) -> Callable[[date], InputFiles]:
    """Return a function that lists the files of a target month's inputs.

    Raises:
        LakeError: the profile declares an input that was never ingested; ingest the input.
    """
    return inputs_read(lake, features, horizon, (listing.month_files, log.all_files), [])


def input_states(
    lake: Lake, features: FeatureSet, horizon: int = 1
) -> Callable[[date], dict[str, str]]:
    """Return a function that looks up the states of a target month's inputs.

    Raises:
        LakeError: the profile declares an input that was never ingested; ingest the input.
    """
    return inputs_read(
        lake, features, horizon, (listing.month_digests, listing.table_digest), "none"
    )


def inputs_read(
    lake: Lake,
    features: FeatureSet,
    horizon: int,
    looks: tuple[Callable[[Lake, Table], dict[date, Of]], Callable[[Lake, Table], Of]],
    nothing: Of,
) -> Callable[[date], dict[str, Of]]:
    """Return a function that looks up files or states of a target month's inputs.

    Args:
        lake: the lake that has the inputs.
        features: the model's columns.
        horizon: months from the cutoff to the target month.
        looks: two look-ups of a table: of each month, and of the whole table.
        nothing: value for a month that a table lacks.

    Returns:
        A function: target month → feature name, or table path of withdrawals → value.
    """
    tables = {f.source.table.path: f.source.table for f in features.inputs}
    by_month = {path: looks[0](lake, table) for path, table in tables.items() if is_monthly(table)}
    whole = {table.path: looks[1](lake, table) for table in withdrawal_tables(features)}

    def of(month: date) -> dict[str, Of]:
        read = {
            feature.name: by_month[path].get(feature.month_read(month, horizon), nothing)
            if (path := feature.source.table.path) in by_month
            else whole[path]
            for feature in features.inputs
        }
        return read | whole

    return of


def is_monthly(table: Table) -> bool:
    """Return whether an input's table is partitioned by month."""
    return "month" in table.partition_by


def withdrawal_tables(features: FeatureSet) -> list[Table]:
    """List the tables of the declared withdrawals, which are read as a whole for every month."""
    return [w.source.table for w in WITHDRAWALS if w.source.name in features.inputs_declared]
