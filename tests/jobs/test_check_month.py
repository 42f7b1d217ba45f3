"""What a lake holds of a month, as jobs.check_month reports it."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from job_runs import run
from small_lakes import assemble_panels, random_sales, small_lake

from forecasting.versions import ForecastVersion, publish
from jobs import check_month
from lakehouse.delta import creation
from lakehouse.forecast_versions import WITHDRAWN
from lakehouse.lake import Lake
from lakehouse.tables.gold import FORECAST_VERSIONS

CUTOFF = date(2015, 6, 1)


@pytest.fixture
def built(tmp_path: Path) -> Lake:
    """A lake with panels of horizon 1; June is the last closed month."""
    lake = small_lake(tmp_path / "lake", random_sales(3, 200))
    assemble_panels(lake)
    creation.create_table(lake, FORECAST_VERSIONS)
    return lake


def check(lake: Lake, month: str, *arguments: str) -> tuple[int, dict[str, Any]]:
    return run(check_month.JOB, "--lake", lake.root, "--month", month, *arguments)


def add_version(lake: Lake, name: str, **changes: Any) -> None:
    row = {"cutoff": CUTOFF, "model": "run", "inputs": '{"models": {"1": "run"}}', "rows": 24}
    times = {"published_at": datetime(2015, 7, 2, tzinfo=UTC), "status": "published"}
    publish(lake, ForecastVersion(name, **{**row, **times, **changes}))


def test_the_open_month_is_not_closed(built: Lake) -> None:
    code, fields = check(built, "2015-07", "--reached", "closed")
    assert code == 3
    assert fields["error"] == "2015-07: not closed; run jobs.close_month"
    assert check(built, "2015-06", "--reached", "closed")[0] == 0


def test_a_month_is_built_when_every_horizon_has_rows(built: Lake) -> None:
    assert check(built, "2015-06", "--reached", "built")[0] == 0
    code, fields = check(built, "2015-06", "--reached", "built", "--horizons", "1,2")
    assert code == 3
    assert fields["unbuilt"] == ["gold/panel_h2"]


def test_only_the_last_closed_month_is_the_cutoff(built: Lake) -> None:
    reached = ("--reached", "closed")
    months = {m: check(built, m, *reached)[1]["is_cutoff"] for m in ("2015-05", "2015-06")}
    assert months == {"2015-05": False, "2015-06": True}


def test_the_newest_published_version_of_the_month_counts(built: Lake) -> None:
    assert check(built, "2015-06")[0] == 3
    add_version(built, "a")
    add_version(built, "b", rows=30)
    add_version(built, "c", status=WITHDRAWN)
    add_version(built, "d", cutoff=date(2015, 5, 1))
    code, fields = check(built, "2015-06")
    assert (code, fields["version"], fields["rows"]) == (0, "b", 30)


def test_a_version_must_forecast_every_horizon(built: Lake) -> None:
    assemble_panels(built, "1,2")
    add_version(built, "a")
    code, fields = check(built, "2015-06", "--horizons", "1,2")
    assert (code, fields["version"]) == (3, None)
    assert "run jobs.forecast" in fields["error"]
