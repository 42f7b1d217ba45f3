"""Table list: every table that a lake with a given profile can have."""

from collections.abc import Iterator, Sequence

from features.feature_set import SPINES, feature_set, panel_table
from features.horizon import LONGEST
from features.tables import features_table, monthly_table
from lakehouse.profile.profile import Profile
from lakehouse.table import Table
from lakehouse.tables.bronze import (
    CATALOGUE_EVENTS,
    ERASURES,
    REJECTED_SALES,
    SALES_EVENTS,
    SOURCE_FILES,
    SOURCES,
)
from lakehouse.tables.gold import (
    BACKTESTS,
    DRIFT,
    FEATURE_SKEW,
    FORECAST_SCORES,
    FORECAST_VERSIONS,
    FORECASTS,
    MODEL_FILES,
    MODEL_HISTORY,
    TUNINGS,
)
from lakehouse.tables.inputs import INPUTS
from lakehouse.tables.overrides import OVERRIDE_SCORES, OVERRIDES
from lakehouse.tables.runs import JOB_RUNS
from lakehouse.tables.silver import (
    DAILY_OFFERS,
    DAILY_SALES,
    ITEMS,
    MONTHS,
    REPLACED_DAYS,
    SALE_MONTHS,
    SHOPS,
)

FIXED = (
    SALES_EVENTS,
    CATALOGUE_EVENTS,
    REJECTED_SALES,
    ERASURES,
    SOURCES,
    SOURCE_FILES,
    DAILY_SALES,
    DAILY_OFFERS,
    REPLACED_DAYS,
    SALE_MONTHS,
    SHOPS,
    ITEMS,
    MONTHS,
    FORECASTS,
    FORECAST_VERSIONS,
    BACKTESTS,
    TUNINGS,
    FEATURE_SKEW,
    DRIFT,
    FORECAST_SCORES,
    OVERRIDES,
    OVERRIDE_SCORES,
    MODEL_HISTORY,
    MODEL_FILES,
    JOB_RUNS,
)


def all_tables(
    profile: Profile, horizons: Sequence[int] = range(1, LONGEST + 1)
) -> Iterator[Table]:
    """List every table that a lake can have.

    Args:
        profile: declares the groups and features.
        horizons: horizons of the panels to list, in months.
    """
    features = feature_set(profile)
    yield from FIXED
    yield from (source.table for source in INPUTS.values())
    for group in features.groups:
        yield monthly_table(group)
        yield features_table(group)
    for spine in SPINES:
        for horizon in horizons:
            yield panel_table(features, spine, horizon)
