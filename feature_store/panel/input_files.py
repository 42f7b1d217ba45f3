"""The files, and their states, of the optional inputs that a target month's panel is made from."""

from collections.abc import Callable
from datetime import date
from typing import TypeVar

from features.feature_set import FeatureSet
from features.withdrawal import WITHDRAWALS
from lakehouse.delta import log
from lakehouse.lake import Lake
from lakehouse.profile.stored import stored_profile
from lakehouse.table import Table

# Of a feature by its name, since two may read different months of a table; else by table path.
InputFiles = dict[str, list[str]]
Of = TypeVar("Of")


def input_files(lake: Lake, features: FeatureSet, horizon: int = 1) -> Callable[[date], InputFiles]:
    """Return a function that lists the files a target month's inputs are read from.

    Raises:
        LakeError: the profile declares an input that was never ingested.
    """
    return inputs_read(lake, features, horizon, (log.month_files, log.all_files), [])


def input_states(
    lake: Lake, features: FeatureSet, horizon: int = 1
) -> Callable[[date], dict[str, str]]:
    """Return a function that gives the states of what a target month's inputs are read from.

    Raises:
        LakeError: as for ``input_files``.
    """
    return inputs_read(lake, features, horizon, (log.month_digests, log.table_digest), "none")


def inputs_read(
    lake: Lake,
    features: FeatureSet,
    horizon: int,
    looks: tuple[Callable[[Lake, Table], dict[date, Of]], Callable[[Lake, Table], Of]],
    nothing: Of,
) -> Callable[[date], dict[str, Of]]:
    """Return a function that looks up what a target month's inputs are read from.

    Args:
        lake: where the inputs are.
        features: the model's columns.
        horizon: months from the cutoff to the target month.
        looks: what is returned of a table: by month, and as a whole.
        nothing: what stands for a month that a table does not have.
    """
    tables = {f.source.table.path: f.source.table for f in features.inputs}
    by_month = {path: looks[0](lake, table) for path, table in tables.items() if is_monthly(table)}
    whole = {table.path: looks[1](lake, table) for table in whole_tables(lake)}

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
    """Say whether an input says something of each month."""
    return "month" in table.partition_by


def whole_tables(lake: Lake) -> list[Table]:
    """List the declared inputs that do not depend on the month."""
    declared = stored_profile(lake).inputs
    return [w.source.table for w in WITHDRAWALS if w.source.name in declared]
