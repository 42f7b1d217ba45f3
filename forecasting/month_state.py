"""State of a month in a lake: closed, built and forecast, each read from the tables."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from features.feature_set import SPINES, feature_set, panel_table
from features.tables import features_table
from forecasting.versions import ForecastVersion, read_versions
from ingestion.lake_months import read_months
from lakehouse.delta import listing, log
from lakehouse.forecast_versions import PUBLISHED
from lakehouse.lake import Lake
from lakehouse.month_range import plus_months
from lakehouse.profile.profile import Profile
from lakehouse.table import Table

CLOSED, BUILT, FORECAST = STATES = ("closed", "built", "forecast")


@dataclass(frozen=True)
class MonthState:
    """What a lake holds of a month.

    Attributes:
        is_closed: whether the month is closed.
        is_cutoff: whether the month is the last closed one, from which new forecasts are made.
        unbuilt: tables without rows of the target months that follow from this cutoff.
        version: newest published version with this cutoff and every horizon; None: there is none.
    """

    is_closed: bool
    is_cutoff: bool
    unbuilt: Sequence[str]
    version: ForecastVersion | None

    def missing(self, reached: str) -> list[str]:
        """List what the month lacks of a state and of the states before it."""
        lacking = {
            CLOSED: None if self.is_closed else "not closed; run jobs.close_month",
            BUILT: f"no rows in {', '.join(self.unbuilt)}; run jobs.build_features and "
            "jobs.build_panel"
            if self.unbuilt
            else None,
            FORECAST: None
            if self.version
            else "no published version forecasts every horizon from this cutoff; run jobs.forecast",
        }
        return [text for state in STATES[: STATES.index(reached) + 1] if (text := lacking[state])]


def read_month_state(
    lake: Lake, profile: Profile, month: date, horizons: Sequence[int]
) -> MonthState:
    """Read the state of a month.

    Args:
        lake: the lake.
        profile: the profile of the lake.
        month: first day of the month.
        horizons: months from the month to the target months that must be built and forecast.

    Raises:
        LakeError: the lake has no months because no sales were ingested; run ingest_history.
    """
    months, features = read_months(lake), feature_set(profile)
    targets = [(features_table(group), plus_months(month, 1)) for group in features.groups]
    targets += [(panel_table(features, SPINES[0], h), plus_months(month, h)) for h in horizons]
    return MonthState(
        is_closed=months.is_closed(month),
        is_cutoff=months.cutoff == month,
        unbuilt=[t.path for t, target in targets if not has_month(lake, t, target)],
        version=find_version(lake, month, horizons),
    )


def has_month(lake: Lake, table: Table, month: date) -> bool:
    """Check whether a table has rows of a month."""
    return log.exists(lake, table) and month in listing.month_digests(lake, table)


def find_version(lake: Lake, month: date, horizons: Sequence[int]) -> ForecastVersion | None:
    """Return the newest published version with a cutoff and all horizons; None: there is none."""
    of_cutoff = read_versions(lake, [("status", "=", PUBLISHED), ("cutoff", "=", month)])
    whole = [version for version in of_cutoff if set(horizons) <= set(version.models)]
    return max(whole, key=lambda version: version.version, default=None)
