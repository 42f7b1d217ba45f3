"""Scoring reads the versions of recent cutoffs, and older ones of months whose sales changed."""

from datetime import date
from pathlib import Path

import pytest
from published import PublishedLake

from features.horizon import LONGEST
from forecasting.scores import RECENT_MONTHS, read_scorable, require_forecast
from lakehouse.errors import RefusedError, UsageError
from lakehouse.lake import Lake
from lakehouse.month_range import MonthRange, plus_months

NEWEST = date(2015, 6, 1)
OLDEST = plus_months(NEWEST, 1 - RECENT_MONTHS)


@pytest.fixture
def published(tmp_path: Path) -> PublishedLake:
    """A lake with a version at the oldest recent cutoff and one at each of two older cutoffs."""
    made = PublishedLake(tmp_path / "lake")
    for back in (0, 1, LONGEST + 1):
        made.publish(f"v{back}", cutoff=plus_months(OLDEST, -back), inputs='{"models": {"1": "r"}}')
    return made


def read(lake: Lake, *months: date) -> list[str]:
    return sorted(version.version for version in read_scorable(lake, NEWEST, months))


def test_versions_of_recent_cutoffs_are_read(published: PublishedLake) -> None:
    assert read(published.lake) == ["v0"]


def test_an_older_version_is_read_where_it_can_have_forecast_a_month(
    published: PublishedLake,
) -> None:
    assert read(published.lake, OLDEST) == ["v0", "v1"]
    assert read(published.lake, plus_months(OLDEST, -LONGEST)) == ["v0", f"v{LONGEST + 1}"]


def test_a_month_that_no_version_forecasts_is_refused_with_all_that_are(
    published: PublishedLake,
) -> None:
    closed, versions = (
        MonthRange(date(2010, 1, 1), NEWEST),
        read_scorable(published.lake, NEWEST, []),
    )
    with pytest.raises(UsageError, match="has forecasts of 2012-07, 2013-07, 2013-08; name one"):
        require_forecast(published.lake, date(2015, 1, 1), closed, versions)
    require_forecast(published.lake, plus_months(OLDEST, 1), closed, versions)


def test_without_any_version_a_forecast_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="nothing was forecast yet"):
        read_scorable(Lake.at(str(tmp_path)), NEWEST, [])
