"""maintain forgets what is old and replaced; what was served, and what is not settled, stays."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from job_runs import run
from published import PublishedLake, forecast

from forecasting.retention import RETAIN_DAYS
from ingestion.known_at.replay import known_lake
from jobs import maintain
from lakehouse.delta import log
from lakehouse.delta.arrow import append_rows, dataset, read_table
from lakehouse.lake import Lake
from lakehouse.profile.stored import claim_lake, stored_profile
from lakehouse.table import Table
from lakehouse.tables.gold import (
    BACKTESTS,
    FEATURE_SKEW,
    FORECAST_VERSIONS,
    FORECASTS,
)
from lakehouse.tables.silver import SHOPS

# Files are dated by the machine's clock, so that what is old is so from there.
NOW = datetime.now(UTC)
LATER = NOW + timedelta(days=RETAIN_DAYS + 10)
OLD, RECENT = LATER - timedelta(days=RETAIN_DAYS + 1), LATER - timedelta(days=RETAIN_DAYS - 1)


@pytest.fixture
def published(tmp_path: Path) -> PublishedLake:
    return PublishedLake(tmp_path / "lake")


def write(lake: Lake, table: Table, *rows: dict[str, Any]) -> None:
    """Write rows of which a test names what matters."""
    empty = {pa.string(): "", pa.date32(): date(2015, 1, 1), pa.timestamp("us", "UTC"): NOW}
    whole = [
        {f.name: None if f.nullable else empty.get(f.type, 0) for f in table.schema} | row
        for row in rows
    ]
    append_rows(lake, table, pa.Table.from_pylist(whole, table.schema))


def maintained(lake: Lake, *arguments: object, now: datetime = LATER) -> dict[str, Any]:
    code, figures = run(maintain.JOB, "--lake", lake.root, *arguments, now=now)
    assert code == 0, figures
    return figures


def test_of_twenty_versions_the_files_of_one_are_read_also_after_maintain(
    published: PublishedLake,
) -> None:
    for number in range(20):
        published.publish(f"2015-10.{number:02}", forecast(), forecast(item_id=f"{number}"))

    def files(version: str) -> list[str]:
        return dataset(published.lake, FORECASTS, [("version", "=", version)]).files

    before = files("2015-10.19")
    assert len(before) == 1
    assert maintained(published.lake, "--files", 1)["files_joined"] > 0, "of other tables"
    assert files("2015-10.19") == before
    assert len(files("2015-10.00")) == 1


def test_served_forecasts_stay_and_withdrawn_or_never_published_ones_go(
    published: PublishedLake,
) -> None:
    withdrawn = {"status": "withdrawn", "withdrawn_at": OLD}
    published.publish("first served", forecast())
    published.publish("withdrawn", forecast(), **withdrawn)
    published.publish("just withdrawn", forecast(), **{**withdrawn, "withdrawn_at": RECENT})
    published.publish("it's withdrawn", forecast(), status="withdrawn")
    published.publish("served", forecast())
    never = {**forecast(), "version": "never published"}
    append_rows(published.lake, FORECASTS, pa.Table.from_pylist([never], FORECASTS.schema))
    kept = {"first served", "just withdrawn", "served"}

    def versions(table: Table) -> set[str]:
        return set(read_table(published.lake, table, ["version"])["version"].to_pylist())

    maintained(published.lake, now=NOW)
    assert len(versions(FORECASTS)) == 5, "what was written a moment ago may yet be published"
    assert maintained(published.lake)["forgotten"] == {"gold/forecasts": 2}
    assert versions(FORECASTS) == versions(FORECAST_VERSIONS) == kept
    at = log.version(published.lake, FORECASTS)
    assert "forgotten" not in maintained(published.lake)
    assert log.version(published.lake, FORECASTS) == at, "where nothing goes, nothing is committed"


def test_old_backtests_and_reports_go_but_the_newest(published: PublishedLake) -> None:
    stamps = [f"{at:%Y%m%dT%H%M%SZ}" for at in (OLD - timedelta(days=3), OLD, RECENT)]
    reports = published.folder / "reports"
    reports.mkdir()
    (reports / "my own.html").touch()

    def backtest(*runs: str) -> None:
        write(published.lake, BACKTESTS, *({"run": run_} for run_ in runs))
        for run_ in runs:
            (reports / f"backtest-{run_}.html").touch()

    def there() -> tuple[set[str], set[str]]:
        runs = set(read_table(published.lake, BACKTESTS, ["run"])["run"].to_pylist())
        return runs, {file.stem.removeprefix("backtest-") for file in reports.iterdir()}

    backtest(f"{stamps[0]}-digest", stamps[1])
    maintained(published.lake)
    assert there() == ({stamps[1]}, {stamps[1], "my own"})
    backtest(stamps[2])
    assert maintained(published.lake)["forgotten"] == {"gold/backtests": 1, "reports": 1}
    assert there() == ({stamps[2]}, {stamps[2], "my own"})


def test_skew_that_nothing_settled_stays_with_all_later_checks(published: PublishedLake) -> None:
    def check(at: datetime, **row: Any) -> None:
        write(published.lake, FEATURE_SKEW, {"checked_at": at, "months": 3, "draw": "all", **row})

    def times() -> list[datetime]:
        return sorted(read_table(published.lake, FEATURE_SKEW)["checked_at"].to_pylist())

    days = [OLD - timedelta(days=9 - number) for number in range(4)]
    check(days[0])
    check(days[1], mismatched=1)
    check(days[2], table="another")
    maintained(published.lake)
    assert times() == days[1:3]
    check(days[3])
    check(RECENT)
    maintained(published.lake)
    assert times() == [RECENT]


def test_a_replayed_lake_goes_once_nobody_wrote_it_for_long(published: PublishedLake) -> None:
    known = known_lake(published.lake, datetime(2015, 1, 1, tzinfo=UTC))
    folder = Path(known.root.removeprefix("file://"))
    claim_lake(known, stored_profile(published.lake))
    write(known, SHOPS, {"shop_id": "1", "attributes": []})
    (folder / "gold" / "panel").mkdir(parents=True)
    (folder / "mlflow").mkdir()
    (folder / "mlflow" / "mlflow.db").touch()
    maintained(published.lake, now=NOW)
    assert log.exists(known, SHOPS)
    assert maintained(published.lake)["forgotten"] == {"known_at": 1}
    left = {path.name for path in folder.iterdir() if path.is_file() or any(path.iterdir())}
    assert left == {"mlflow"}, "a model cannot be made again by build_panel"
    assert "forgotten" not in maintained(published.lake)
