"""Command lines that cannot be meant: each ends at once, with a sentence that helps."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from job_runs import NOW, run
from learning_lakes import learning_lake

from cli.command import Job
from jobs import backtest, build_panel, forecast, pipeline, promote, score_forecasts, train, tune
from lakehouse.delta import log
from lakehouse.delta.arrow import append_rows
from lakehouse.lake import Lake
from lakehouse.tables.gold import BACKTESTS, FORECAST_VERSIONS

STEPS = [backtest.JOB, build_panel.JOB, forecast.JOB, promote.JOB, score_forecasts.JOB]
STEPS += [train.JOB, tune.JOB]

pytestmark = [
    pytest.mark.slow,
    # MLflow's own imports and its client of SQLAlchemy warn; nothing of ours does.
    pytest.mark.filterwarnings("default"),
]


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A lake whose last closed month is June 2015, with the panel of horizon 1 and a version."""
    made = learning_lake(tmp_path_factory.mktemp("clumsy") / "lake")
    inputs = json.dumps({"models": {"1": "run-1", "2": "run-2"}})
    version = {"version": "v1", "cutoff": date(2015, 5, 1), "model": "run-1", "inputs": inputs}
    state = {"rows": 0, "status": "published", "published_at": NOW, "withdrawn_at": None}
    table = pa.Table.from_pylist([{**version, **state}], FORECAST_VERSIONS.schema)
    append_rows(made, FORECAST_VERSIONS, table)
    return made


@pytest.mark.parametrize("job", STEPS, ids=lambda job: job.name)
def test_a_lake_that_is_not_there_is_not_made(job: Job, tmp_path: Path) -> None:
    folder = tmp_path / "none"
    code, figures = run(job, "--lake", folder)
    assert code == 3
    assert f"{folder}: no lake here; run ingest_history first" in figures["error"]
    assert not folder.exists()


@pytest.mark.parametrize(
    ("job", "option", "value"),
    [
        (backtest.JOB, "--folds", "0"),
        (backtest.JOB, "--workers", "-1"),
        (promote.JOB, "--folds", "six"),
        (promote.JOB, "--workers", "0"),
        (pipeline.JOB, "--folds", "1.5"),
        (train.JOB, "--workers", "0"),
        (tune.JOB, "--workers", ""),
    ],
)
def test_what_is_no_number_is_refused_before_anything_is_read(
    job: Job, option: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        run(job, "--lake", "none", option, value)
    assert ended.value.code == 2
    assert f"argument {option}: '{value}' is not a positive whole number" in (
        capsys.readouterr().err
    )


@pytest.mark.parametrize(
    ("job", "asked", "code", "sentence"),
    [
        (backtest.JOB, "--horizons 1,3", 3, "run jobs.build_panel --spine assortment --horizons 3"),
        (backtest.JOB, "--spine grid", 3, "gold/panel_grid lacks 2014-04, "),
        (backtest.JOB, "--report nowhere/report.html", 2, "--report nowhere/report.html: no file"),
        (backtest.JOB, "--report .", 2, "name a file in a folder that exists"),
        (backtest.JOB, "--score-against nowhere", 3, "nowhere: no such folder"),
        (backtest.JOB, "--estimators nowhere:Own", 2, "--estimator nowhere:Own: No module named"),
        (train.JOB, "--horizons 1,3", 3, "run jobs.build_panel --spine assortment --horizons 3"),
        (tune.JOB, "--spine grid", 3, "run jobs.build_panel --spine grid --horizons 1"),
        (promote.JOB, "--reason because", 2, "add --force or --rollback"),
        (promote.JOB, "--rollback --force", 2, ""),
        (score_forecasts.JOB, "--month 2014-01", 2, "has forecasts of 2015-06, 2015-07; name one"),
        (score_forecasts.JOB, "--month 2015-07", 3, "last closed month is 2015-06; run jobs.close"),
    ],
)
def test_what_cannot_be_done_is_told_with_its_remedy(
    lake: Lake, job: Job, asked: str, code: int, sentence: str
) -> None:
    found, figures = ended(job, lake, asked)
    assert (found, sentence in figures.get("error", "")) == (code, True), figures
    assert not log.exists(lake, BACKTESTS), "nothing was worked on"


def ended(job: Job, lake: Lake, asked: str) -> tuple[int, dict[str, Any]]:
    """Run a step, also one whose command line is not parse_catalogue."""
    try:
        return run(job, "--lake", lake.root, *asked.split())
    except SystemExit as wrong:
        return int(str(wrong.code)), {}
