"""A model that returns what it must not is refused wherever its numbers would go."""

import json
import math
import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from builders import profile
from job_runs import NOW, run
from small_lakes import assemble_panels, random_sales, small_lake

from cli import command
from jobs import backtest, forecast, promote, train
from lakehouse.delta import log
from lakehouse.delta.arrow import read_table
from lakehouse.lake import Lake
from lakehouse.month_range import MonthRange
from lakehouse.profile.model import IntervalsConfig, ModelConfig
from lakehouse.profile.rules import Gate
from lakehouse.profile.stored import claim_lake, stored_profile
from lakehouse.tables.gold import BACKTESTS, FORECAST_VERSIONS, FORECASTS
from modelling.promotion.history import decisions

MONTHS = MonthRange(date(2014, 10, 1), date(2015, 7, 1))
OWN = '''
import json
from pathlib import Path
from pyspark.sql import functions as F


class Spoiled:
    """Forecasts one unit of everything, but for what a file says."""

    def __init__(self, fault):
        self.fault = fault

    def predict(self, rows):
        fault = Path(__file__).with_name("fault").read_text() if self.fault else "1"
        units = F.expr(f"CASE WHEN item_id = '10' THEN {fault} ELSE 1 END").cast("float")
        absent = {name: F.lit(None).cast("float") for name in ("p10", "p50", "p90", "p95")}
        return rows.withColumns({"forecast": units, **absent})

    def importance(self):
        return {}

    def save(self, folder):
        (folder / "fault").write_text("yes")


class Family:
    name = "spoiled"

    def __init__(self, settings):
        pass

    def fit(self, rows, spark):
        return Spoiled(True)

    def describe(self):
        return {}

    def load(self, folder):
        return Spoiled(True)
'''
pytestmark = [
    pytest.mark.slow,
    pytest.mark.usefixtures("spark"),
    # MLflow's own imports and its client of SQLAlchemy warn; nothing of ours does.
    pytest.mark.filterwarnings("default"),
]


class Spoiling:
    """A lake whose champion, of a family of one's own, can be made to return anything."""

    def __init__(self, lake: Lake, file: Path) -> None:
        self.lake, self.file, self.now = lake, file, NOW

    def step(self, job: Any, *arguments: object, returns: str = "1") -> tuple[int, dict[str, Any]]:
        """Take a step while the model forecasts so many units of item 10, as SQL."""
        self.file.write_text(returns)
        self.now += timedelta(seconds=1)
        return run(job, "--lake", self.lake.root, *arguments, now=self.now)


@pytest.fixture(scope="module")
def champion(tmp_path_factory: pytest.TempPathFactory, spark: object) -> Iterator[Spoiling]:  # noqa: ARG001
    folder = tmp_path_factory.mktemp("spoiled")
    (folder / "spoiled_family.py").write_text(OWN)
    model = ModelConfig(
        rounds=5, max_depth=2, min_child_weight=60, intervals=IntervalsConfig(rounds=0)
    )
    meaning = profile().model_copy(update={"model": model, "gate": Gate(segment_margin=1)})
    lake = small_lake(folder / "lake", random_sales(3, 900, MONTHS), meaning, months=MONTHS)
    assemble_panels(lake)
    made = Spoiling(lake, folder / "fault")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        assert made.step(train.JOB, "--estimator", "spoiled_family:Family")[0] == 0
        assert made.step(promote.JOB, "--force", "--reason", "a test")[0] == 0
        yield made


@pytest.mark.parametrize("units", ["float('nan')", "NULL", "-1", "1e9"])
def test_forecast_refuses_and_publishes_nothing(champion: Spoiling, units: str) -> None:
    code, figures = champion.step(forecast.JOB, returns=units)
    assert code == 3, figures
    assert "item 10" in figures["error"]
    assert not log.exists(champion.lake, FORECAST_VERSIONS)
    assert not log.exists(champion.lake, FORECASTS)


def test_a_submission_is_not_written(champion: Spoiling, tmp_path: Path) -> None:
    pairs, out = tmp_path / "pairs.csv", tmp_path / "submission.csv"
    pairs.write_text("ID,shop_id,item_id\n0,1,10\n1,1,11\n")
    given = ("--pairs", pairs, "--submission", out)
    assert champion.step(forecast.JOB, *given, returns="float('nan')")[0] == 3
    assert not out.exists()


def test_train_and_backtest_say_so_earlier(champion: Spoiling) -> None:
    own = ("spoiled_family:Family",)
    claim_lake(
        champion.lake,
        stored_profile(champion.lake).model_copy(update={"model": ModelConfig(max_depth=3)}),
    )
    code, figures = champion.step(train.JOB, "--estimator", *own, returns="float('inf')")
    assert code == 3, figures
    assert re.search(r"spoiled: \d+ not finite \(first: shop \d, item 10, ", figures["error"])
    code, figures = champion.step(backtest.JOB, "--folds", 1, "--estimators", *own, returns="NULL")
    assert code == 3, figures
    assert re.search(r"spoiled: \d+ null \(first: shop \d, item 10, ", figures["error"])
    assert not log.exists(champion.lake, BACKTESTS)


def test_a_champion_whose_forecasts_are_no_numbers_can_be_beaten(champion: Spoiling) -> None:
    model = ModelConfig(
        rounds=5, max_depth=2, min_child_weight=60, intervals=IntervalsConfig(rounds=0)
    )
    claim_lake(champion.lake, stored_profile(champion.lake).model_copy(update={"model": model}))
    assert champion.step(train.JOB)[0] == 0
    code, figures = champion.step(promote.JOB, "--folds", 1, returns="float('nan')")
    assert code == 0, figures
    assert "Not compared with the champion, whose forecasts" in figures["horizons"][1]["reason"]
    kept = json.loads(decisions(champion.lake, 1)[-1].figures)
    assert all(math.isfinite(e["rmse"]) for errors in kept.values() for e in errors.values())
    scores = read_table(champion.lake, BACKTESTS, ["rmse"])["rmse"].to_pylist()
    assert all(map(math.isfinite, scores))


def test_a_result_line_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    command.report({"rmse": float("nan"), "by": {"a": [float("inf"), 1.5]}, "at": NOW})
    line = capsys.readouterr().out
    found = json.loads(line, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert found == {"rmse": None, "by": {"a": [None, 1.5]}, "at": str(NOW)}
