"""From a candidate to a champion that forecasts, and what is refused on the way."""

import json
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from builders import profile
from job_runs import NOW, run
from small_lakes import assemble_panels, listed, random_sales, small_lake

from features.rung import RUNGS
from jobs import forecast, promote, train
from lakehouse.delta import log
from lakehouse.delta.arrow import read_table
from lakehouse.delta.upserts import upsert_rows
from lakehouse.lake import Lake
from lakehouse.month_range import MonthRange
from lakehouse.profile.model import IntervalsConfig, ModelConfig
from lakehouse.profile.rules import Gate
from lakehouse.profile.stored import claim_lake
from lakehouse.tables.gold import BACKTESTS, FORECASTS
from lakehouse.tables.silver import SHOPS
from modelling.promotion.history import decisions

MONTHS = MonthRange(date(2014, 10, 1), date(2015, 7, 1))
JULY, AUGUST = date(2015, 7, 1), date(2015, 8, 1)
MODEL = ModelConfig(rounds=5, max_depth=2, min_child_weight=60, intervals=IntervalsConfig(rounds=0))
# What sells by chance is forecast best by its mean, which a model finds and no naive forecast does.
OPEN, SHUT = Gate(segment_margin=1), Gate(champion_margin=1)
# 16 and 17 are of one category; 30 is of a category that never sold.
ITEMS = [*listed(item_17=date(2015, 6, 20)), *listed(("30",))]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.usefixtures("spark"),
    # MLflow's own imports and its client of SQLAlchemy warn; nothing of ours does.
    pytest.mark.filterwarnings("default"),
]


class Life:
    """A lake whose steps are taken one after the other, each a second later."""

    def __init__(self, lake: Lake) -> None:
        self.lake = lake
        self.now = NOW

    def step(self, job: Any, *arguments: object) -> tuple[int, dict[str, Any]]:
        self.now += timedelta(seconds=1)
        return run(job, "--lake", self.lake.root, *arguments, now=self.now)

    def set_rules(self, gate: Gate, **model: Any) -> None:
        """Change what the profile says of models."""
        claim_lake(self.lake, meaning(gate, **model))

    @property
    def history(self) -> list[tuple[str, str, str | None]]:
        rows = decisions(self.lake, 1)
        return [(row.decision, row.candidate, row.champion_after) for row in rows]


def meaning(gate: Gate = OPEN, **model: Any) -> Any:
    changed = {"gate": gate, "model": MODEL.model_copy(update=model)}
    return profile().model_copy(update=changed)


def shop(shop_id: str) -> Mapping[str, Any]:
    fixed = {"name": None, "alias_of": None, "attributes": [], "updated_at": NOW}
    return {"shop_id": shop_id, **fixed}


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory, spark: object) -> Life:  # noqa: ARG001
    """A lake with the panels of two horizons; item 17, just listed, and shop 9 never sold."""
    folder = tmp_path_factory.mktemp("life") / "lake"
    sold = [sale for sale in random_sales(3, 900, MONTHS) if sale["item_id"] != "17"]
    lake = small_lake(folder, sold, meaning(), ITEMS, MONTHS)
    upsert_rows(lake, SHOPS, pa.Table.from_pylist([shop("9")], SHOPS.schema))
    assemble_panels(lake, "1,2")
    return Life(lake)


@pytest.fixture(scope="module")
def first(life: Life) -> Life:
    """The same after its first model became the champion, each step having done what it must."""
    code, figures = life.step(forecast.JOB)
    assert code == 3
    assert "no model yet; run jobs.train" in figures["error"]

    code, figures = life.step(train.JOB)
    assert (code, figures["trained"]) == (0, True), figures
    code, figures = life.step(forecast.JOB)
    assert code == 3
    assert "version 1 is a candidate and none is the champion" in figures["error"]

    code, figures = life.step(promote.JOB, "--folds", 1)
    assert code == 0, figures
    assert life.history == [("promoted", "1", "1")]
    kept = json.loads(decisions(life.lake, 1)[0].figures)["all all"]
    assert kept["candidate"]["rmse"] < min(kept[name]["rmse"] for name in ("last_month", "zero"))
    return life


def test_the_same_again_changes_nothing(first: Life) -> None:
    scored = log.version(first.lake, BACKTESTS)
    assert first.step(train.JOB)[1]["trained"] is False
    code, figures = first.step(promote.JOB, "--folds", 1)
    assert (code, figures["horizons"][1]["decision"]) == (0, "up to date")
    assert len(first.history) == 1
    assert log.version(first.lake, BACKTESTS) == scored


def pairs_file(folder: Path) -> Path:
    """A list of pairs of every kind."""
    pairs = ["1,10", "1,17", "9,10", "9,17", "9,30", "1,nothing", "nowhere,10"]
    lines = [f"{number},{pair}" for number, pair in enumerate(pairs)]
    file = folder / "pairs.csv"
    file.write_text("\n".join(["ID,shop_id,item_id", *lines]) + "\n")
    return file


def test_every_pair_that_is_known_has_a_number_and_the_others_are_named(
    first: Life, tmp_path: Path
) -> None:
    """A pair with sales, an item listed a week ago, a shop without sales, unknown ids."""
    assert first.step(train.JOB, "--horizons", 2)[0] == 0
    assert first.step(promote.JOB, "--horizons", 2, "--force", "--reason", "a test")[0] == 0
    out = tmp_path / "submission.csv"
    given = ("--pairs", pairs_file(tmp_path), "--submission", out, "--horizons", "1,2")
    code, figures = first.step(forecast.JOB, *given, "--publish")
    assert (code, figures["rows"]) == (0, 10), figures
    assert figures["unknown"] == {"pairs": 2, "shop_id": ["nowhere"], "item_id": ["nothing"]}

    made = [("version", "=", figures["version"])]
    found = {
        (row["shop_id"], row["item_id"], row["month"]): row
        for row in read_table(first.lake, FORECASTS, filters=made).to_pylist()
    }
    assert {(row["month"], row["horizon"]) for row in found.values()} == {(JULY, 1), (AUGUST, 2)}
    assert len({row["model"] for row in found.values()}) == 2
    assert all(0 < row["units"] < 20 for row in found.values())
    own, elsewhere, in_shop, category, of_shop = (rung.name for rung in RUNGS)
    rungs = {pair: found[*pair, JULY]["rung"] for pair in [("1", "10"), ("1", "17"), ("9", "10")]}
    assert list(rungs.values()) == [own, in_shop, elsewhere]
    assert found["9", "17", JULY]["rung"] == category
    assert found["9", "30", JULY]["rung"] == "no history"
    submitted = [float(line.split(",")[1]) for line in out.read_text().splitlines()[1:]]
    assert submitted[0] == pytest.approx(found["1", "10", JULY]["units"])
    assert submitted[5:] == [0, 0]
    assert of_shop not in {row["rung"] for row in found.values()}


def test_a_worse_candidate_is_refused_and_the_champion_goes_on(first: Life) -> None:
    first.set_rules(SHUT, rounds=1)
    assert first.step(train.JOB)[1]["candidates"][1]["version"] == "2"
    code, figures = first.step(promote.JOB, "--folds", 1)
    assert code == 3
    assert "overall: RMSE" in figures["error"]
    assert "made from champion's" in figures["error"]
    assert first.history[-1] == ("refused", "2", "1")
    scored = log.version(first.lake, BACKTESTS)
    again = first.step(promote.JOB, "--folds", 1)
    assert (again[0], len(first.history)) == (3, 2), "the same refusal is on record once"
    assert log.version(first.lake, BACKTESTS) == scored
    code, figures = first.step(forecast.JOB)
    assert (code, figures["published"]) == (0, True)


def test_only_a_new_champion_makes_a_version_where_that_is_asked_for(
    first: Life, tmp_path: Path
) -> None:
    code, figures = first.step(forecast.JOB, "--if-new-model")
    assert (code, figures["published"]) == (0, False)
    # Other rows than the newest version's, by the same models.
    given = ("--pairs", pairs_file(tmp_path), "--publish")
    listed = first.step(forecast.JOB, *given)[1]
    code, figures = first.step(forecast.JOB, "--if-new-model")
    assert (code, figures["published"], figures["version"]) == (0, False, listed["version"])
    assert first.step(promote.JOB, "--force", "--reason", "a test")[0] == 0
    code, figures = first.step(forecast.JOB, "--if-new-model")
    assert (code, figures["published"]) == (0, True)
    code, figures = first.step(forecast.JOB, "--if-new-model", *given)
    assert code == 2, "a list is forecast when it is asked for"
