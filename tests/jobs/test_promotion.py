"""Champions change on record only, one step at a time, wherever the process dies."""

import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from builders import profile
from injection import faulty
from job_runs import NOW, run

from jobs import promote
from lakehouse.context import Context
from lakehouse.lake import Lake
from lakehouse.profile.stored import claim_lake
from lakehouse.settings import JobSettings
from modelling.promotion.champions import require_champion
from modelling.promotion.history import decisions
from modelling.registry.registry import CANDIDATE, CHAMPION, Registry
from modelling.registry.tracking import Tracking

pytestmark = [
    pytest.mark.slow,
    # MLflow's own imports and its client of SQLAlchemy warn; nothing of ours does.
    pytest.mark.filterwarnings("default"),
]
ROOT = Path(__file__).parents[2]
WHY = ("--reason", "because")


@dataclass
class Models:
    """The registered models of a lake, and what is decided of them, a second after each other."""

    lake: Lake
    now: Any = NOW

    @property
    def registry(self) -> Registry:
        return Registry(Tracking(Context(JobSettings(), "test", self.now), self.lake, profile()))

    def candidate(self) -> str:
        """Register another version; what it can do does not matter here."""
        tracking = Tracking(Context(JobSettings(), "test", self.now), self.lake, profile())
        with tracking.run("train", {}, "inputs") as run_:
            pass
        return Registry(tracking).register(run_, 1, {"inputs": run_}).version

    def promote(self, *arguments: str) -> tuple[int, dict[str, Any]]:
        self.now += timedelta(seconds=1)
        return run(promote.JOB, "--lake", self.lake.root, *arguments, now=self.now)

    def forced(self) -> str:
        """Register a version and make it the champion."""
        version = self.candidate()
        assert self.promote("--force", *WHY)[0] == 0
        return version

    def killed(self, point: str, *arguments: str) -> None:
        """Decide in a process that dies at a point."""
        done = subprocess.run(
            [sys.executable, "-m", "jobs.promote", "--lake", self.lake.root, *arguments],
            cwd=ROOT, capture_output=True, check=False,
            env=faulty(f"kill:{point}"),
        )  # fmt: skip
        assert done.returncode == -signal.SIGKILL, done.stderr.decode()[-2000:]

    @property
    def champion(self) -> str | None:
        """The version that MLflow labels as the champion."""
        found = self.registry.aliased(CHAMPION, 1)
        return found.version if found else None

    @property
    def history(self) -> list[tuple[str, str, str | None]]:
        rows = decisions(self.lake, 1)
        return [(row.decision, row.candidate, row.champion_after) for row in rows]


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A lake with MLflow's database, which takes seconds to make."""
    lake = Lake.at(str(tmp_path_factory.mktemp("models") / "lake"))
    claim_lake(lake, profile())
    Tracking(Context(JobSettings(), "test"), lake, profile())
    return lake


@pytest.fixture
def models(empty: Lake, tmp_path: Path) -> Models:
    folder = tmp_path / "lake"
    shutil.copytree(empty.root.removeprefix("file://"), folder)
    return Models(Lake.at(str(folder)))


def test_without_a_candidate_training_is_asked_for(models: Models) -> None:
    code, figures = models.promote()
    assert code == 3
    assert "no candidate; run jobs.train --horizons 1" in figures["error"]
    assert models.promote("--rollback")[0] == 3


def test_a_forced_promotion_is_on_record_with_its_reason(models: Models) -> None:
    version = models.candidate()
    assert models.registry.aliased(CANDIDATE, 1) is not None
    assert models.promote("--force")[0] == 2, "without a reason"
    code, figures = models.promote("--force", *WHY)
    assert (code, models.champion) == (0, version)
    assert models.history == [("forced", version, version)]
    assert decisions(models.lake, 1)[0].reason == "because"
    assert figures["horizons"][1]["champion"] == version
    code, figures = models.promote()
    assert (code, figures["horizons"][1]["decision"]) == (0, "up to date")
    assert len(models.history) == 1


def test_horizons_have_champions_of_their_own(models: Models) -> None:
    models.forced()
    assert models.registry.aliased(CHAMPION, 2) is None
    code, figures = models.promote("--horizons", "2")
    assert code == 3
    assert "shopcast-sample-h2: no candidate" in figures["error"]


def test_of_several_horizons_none_is_decided_where_one_cannot_be(models: Models) -> None:
    models.forced()
    second = models.forced()
    for asked in ("--rollback", "--force"):
        code, figures = models.promote("--horizons", "1,2", asked, *WHY)
        assert code == 3
        assert "shopcast-sample-h2: no c" in figures["error"]
        assert models.champion == second
    assert len(models.history) == 2


def test_a_roll_back_goes_back_step_by_step_to_the_first(models: Models) -> None:
    first, second, third = (models.forced() for _ in range(3))
    assert models.champion == third
    for version in (second, first):
        assert models.promote("--rollback", *WHY)[0] == 0
        assert models.champion == version
    code, figures = models.promote("--rollback")
    assert code == 3, (figures, decisions(models.lake, 1))
    assert f"no champion before version {first}; nothing to roll back to" in figures["error"]
    assert models.champion == first
    assert models.history[-2:] == [("rolled back", third, second), ("rolled back", second, first)]


def test_what_was_rolled_back_is_not_promoted_by_itself(models: Models) -> None:
    first, second = models.forced(), models.forced()
    models.promote("--rollback")
    code, figures = models.promote()
    assert code == 3
    assert f"version {second} was rolled back and comes back by --force" in figures["error"]
    assert models.champion == first
    assert models.promote("--force", *WHY)[0] == 0
    assert models.champion == second


def test_a_label_that_was_moved_by_hand_decides_nothing_and_is_corrected(models: Models) -> None:
    first, second = models.forced(), models.forced()
    models.registry.label_champion(first, 1)
    assert require_champion(models.lake, models.registry, 1).version == second
    code, figures = models.promote()
    assert (code, figures["horizons"][1]["decision"]) == (0, "up to date")
    assert models.champion == second
    models.registry.label_champion(models.candidate(), 1)
    assert models.promote("--rollback")[0] == 0
    assert models.champion == first
    assert models.history[-1] == ("rolled back", second, first)
    assert len(models.history) == 3


def test_a_champion_that_mlflow_lost_can_be_replaced(models: Models) -> None:
    first = models.forced()
    models.registry._client.delete_model_version(models.registry.name(1), first)
    second = models.candidate()
    assert models.promote("--force", *WHY)[0] == 0
    assert models.champion == second
    code, figures = models.promote("--rollback")
    assert code == 3
    assert f"version {first} is no longer in MLflow" in figures["error"]


@pytest.mark.parametrize("point", ["before gold/model_history", "after gold/model_history"])
def test_a_promotion_that_was_cut_off_is_done_by_the_next_run_once(
    models: Models, point: str
) -> None:
    first, second = models.forced(), models.candidate()
    models.killed(point, "--force", *WHY)
    assert models.champion == first
    code, _ = models.promote("--force", *WHY)
    assert (code, models.champion) == (0, second)
    assert models.history == [("forced", first, first), ("forced", second, second)]


@pytest.mark.parametrize("point", ["before gold/model_history", "after gold/model_history"])
def test_a_roll_back_that_was_cut_off_is_done_by_the_next_run_once(
    models: Models, point: str
) -> None:
    _, second, third = (models.forced() for _ in range(3))
    models.killed(point, "--rollback")
    assert models.champion == third
    code, _ = models.promote("--rollback")
    assert (code, models.champion) == (0, second)
    assert models.history[-1] == ("rolled back", third, second)
    assert len(models.history) == 4
