"""The metrics of the lake are those of its tables, now."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from planner_lake import planner_lake
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families
from published import PublishedLake

from lakehouse.delta.arrow import read_table
from lakehouse.lake import Lake
from lakehouse.tables.gold import FEATURE_SKEW, FORECAST_SCORES, MODEL_HISTORY
from lakehouse.tables.runs import JOB_RUNS
from watching import collector as module
from watching.collector import LakeCollector
from watching.metric import LAKE
from watching.metrics import METRICS, metrics_of

Figures = dict[tuple[str, ...], float]
TIME = datetime(2015, 11, 5, tzinfo=UTC)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("planner") / "lake"
    published = planner_lake(folder)
    published.write(MODEL_HISTORY, [decision("1", 1), decision("2", 2), decision("2", 3)])
    published.write(FEATURE_SKEW, [skew(0), skew(3)])
    return folder


@pytest.fixture
def lake(folder: Path, tmp_path: Path) -> PublishedLake:
    return PublishedLake.copy_of(folder, tmp_path / "lake")


def decision(champion: str, day: int) -> dict[str, Any]:
    figures = '{"all all": {"candidate": {"rmse": 2.5, "rows": 9}}}'
    made = {"decision": "promoted", "candidate": champion, "champion_after": champion}
    fixed = {"horizon": 1, "champion": None, "reason": "better", "inputs": "", "figures": figures}
    return {**fixed, **made, "decided_at": datetime(2015, 11, day, tzinfo=UTC)}


def skew(mismatched: int) -> dict[str, Any]:
    counts = {"months": 3, "stale_months": 0, "compared": 9, "missing": 0, "extra": 0}
    named = {"draw": "all", "group": "item", "table": "gold/features_item", "inputs": "{}"}
    at = {"checked_at": TIME, "rebuilt_at": None, "example": None}
    return {**counts, **named, **at, "column": f"c{mismatched}", "mismatched": mismatched}


def scrape(collector: LakeCollector) -> Figures:
    registry = CollectorRegistry()
    registry.register(collector)
    families = list(text_string_to_metric_families(generate_latest(registry).decode()))
    declared = {(metric.name, metric.help) for metric in metrics_of(LAKE)}
    assert {(family.name, family.documentation) for family in families} <= declared
    return {
        (sample.name, *(text for _, text in sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


def unix(*day: int) -> float:
    return datetime(*day, tzinfo=UTC).timestamp()  # type: ignore[arg-type]


def test_every_figure_is_that_of_the_tables(lake: PublishedLake) -> None:
    found = scrape(LakeCollector(lake.lake, clock=lambda: 77))
    wanted = {
        ("shopcast_lake_up",): 1,
        ("shopcast_lake_read_timestamp_seconds",): 77,
        ("shopcast_closed_month_timestamp_seconds",): unix(2015, 10, 1),
        ("shopcast_forecast_cutoff_timestamp_seconds",): unix(2015, 10, 1),
        ("shopcast_forecast_published_timestamp_seconds",): unix(2015, 11, 3, 2),
        ("shopcast_forecast_rows",): 93,
        ("shopcast_score_month_timestamp_seconds", "1"): unix(2015, 10, 1),
        ("shopcast_score_timestamp_seconds", "1"): unix(2015, 11, 3),
        ("shopcast_score_wape", "served", "1"): 0.31,
        ("shopcast_score_wape", "naive", "1"): 0.42,
        ("shopcast_score_rmse", "served", "1"): 3.1,
        ("shopcast_score_rmse", "naive", "1"): 3.1,
        ("shopcast_score_rmse", "backtest", "1"): 2.5,
        ("shopcast_score_bias", "1"): -0.21,
        ("shopcast_score_coverage", "1"): 0.78,
        ("shopcast_champions",): 1,
        ("shopcast_champion_timestamp_seconds", "1"): unix(2015, 11, 2),
        ("shopcast_skew_columns",): 1,
        ("shopcast_skew_check_timestamp_seconds",): TIME.timestamp(),
        ("shopcast_job_failed", "forecast"): 0,
        ("shopcast_job_end_timestamp_seconds", "forecast"): unix(2015, 11, 3, 1, 39),
    }
    assert {name: found.get(name) for name in wanted} == wanted


def test_all_metrics_of_the_lake_are_shown_once_there_is_something_to_show(
    lake: PublishedLake,
) -> None:
    unseen = {"shopcast_retrain_due", "shopcast_retrain_due_timestamp_seconds"}
    unseen |= {"shopcast_sales_events", "shopcast_rejected_sales"}
    unseen |= {"shopcast_drift_columns", "shopcast_drift_check_timestamp_seconds"}
    found = {name for name, *_ in scrape(LakeCollector(lake.lake))}
    assert found | unseen == {metric.name for metric in METRICS if metric.source == LAKE}


@pytest.mark.parametrize(
    ("status", "failed"), [("failed", 1), ("killed", 1), ("refused", 0), ("interrupted", 0)]
)
def test_the_last_run_of_a_command_counts(lake: PublishedLake, status: str, failed: float) -> None:
    result = '{"retrain_due": true}' if status == "refused" else None
    row = {"run": "2016-score", "command": "score_forecasts", "arguments": "{}", "parent": None}
    times = {"started_at": TIME, "ended_at": TIME, "seconds": 1.0, "exit_code": None, "rows": None}
    ended = {**row, **times, "program": "p", "process": "h:1:1", "inputs": None, "outputs": None}
    lake.write(JOB_RUNS, [{**ended, "status": status, "result": result}])
    found = scrape(LakeCollector(lake.lake))
    assert found["shopcast_job_failed", "score_forecasts"] == failed
    assert found.get(("shopcast_retrain_due",)) == (1 if result else None)


def test_a_change_is_shown_at_the_next_scrape_and_nothing_is_read_without_one(
    lake: PublishedLake, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[object] = []
    read: Callable[[Any], Any] = module.read_samples
    monkeypatch.setattr(module, "read_samples", lambda lake: reads.append(lake) or read(lake))
    collector = LakeCollector(lake.lake)
    for _ in range(3):
        scrape(collector)
    assert len(reads) == 1
    lake.write(FORECAST_SCORES, [{**row, "wape": 0.9} for row in newest_scores(lake)])
    assert scrape(collector)["shopcast_score_wape", "served", "2"] == 0.9
    assert len(reads) == 2


def newest_scores(lake: PublishedLake) -> list[dict[str, Any]]:
    rows: pa.Table = read_table(lake.lake, FORECAST_SCORES)
    return [{**row, "horizon": 2} for row in rows.to_pylist() if row["model"] == "served"][-1:]


def test_a_lake_that_is_away_is_down_with_an_old_time(
    lake: PublishedLake, caplog: pytest.LogCaptureFixture
) -> None:
    clock = iter([100.0, 200.0])
    collector = LakeCollector(lake.lake, clock=lambda: next(clock))
    before = scrape(collector)
    away = lake.folder.with_name("away")
    lake.folder.rename(away)
    down = scrape(collector)
    assert (before["shopcast_lake_up",], down["shopcast_lake_up",]) == (1, 0)
    assert down["shopcast_lake_read_timestamp_seconds",] == 100, "the figures are those of then"
    assert "cannot be read" in caplog.text
    away.rename(lake.folder)
    assert scrape(collector)["shopcast_lake_read_timestamp_seconds",] == 200


def test_a_lake_that_never_was_shows_that_alone(tmp_path: Path) -> None:
    assert scrape(LakeCollector(Lake.at(str(tmp_path / "none")))) == {("shopcast_lake_up",): 0}
