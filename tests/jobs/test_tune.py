"""Tuning on a small lake: every trial is kept, a rerun goes on, and jobs take the best."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from injection import Killed, hooked, kill_at
from job_runs import run
from learning_lakes import SMALL, learning_lake

from jobs import backtest, tune
from lakehouse.delta import log
from lakehouse.delta.arrow import read_table
from lakehouse.lake import Lake
from lakehouse.profile.stored import claim_lake, stored_profile
from lakehouse.tables.gold import TUNINGS
from modelling.tuning.trials import PARAMETERS, PROFILE, TUNED, TuningRow, choose_parameters, keep

pytestmark = [
    pytest.mark.slow,
    pytest.mark.usefixtures("spark"),
    # MLflow's own imports and its client of SQLAlchemy warn; nothing of ours does.
    pytest.mark.filterwarnings("default"),
]


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory, spark: object) -> Lake:  # noqa: ARG001
    """A lake with a study of two trials."""
    made = learning_lake(tmp_path_factory.mktemp("tune") / "lake")
    code, figures = tuned(made, 2)
    assert code == 0, figures
    assert (figures["trials"], figures["new_trials"]) == (2, 2)
    return made


def tuned(lake: Lake, trials: int) -> tuple[int, dict[str, Any]]:
    asked = ("--trials", trials, "--folds", 2, "--validation-months", 2)
    return run(tune.JOB, "--lake", lake.root, *asked)


def kept(lake: Lake) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = read_table(lake, TUNINGS).to_pylist()
    return sorted(rows, key=lambda row: int(row["trial"]))


def test_the_first_trial_has_the_profiles_own_parameters(lake: Lake) -> None:
    first = kept(lake)[0]
    searched = {name: first[name] for name in PARAMETERS if name not in ("rounds", "max_depth")}
    assert searched == {name: getattr(SMALL, name) for name in searched}
    assert first["max_depth"] == 4, "moved to the edge of what is searched"


def test_no_month_that_the_backtest_reports_decided(lake: Lake) -> None:
    months = {(row["validated_from"], row["validated_through"]) for row in kept(lake)}
    assert months == {(date(2015, 3, 1), date(2015, 4, 1))}


def test_a_rerun_within_the_budget_changes_nothing_and_beyond_it_goes_on(lake: Lake) -> None:
    before, version = kept(lake), log.version(lake, TUNINGS)
    _, figures = tuned(lake, len(before))
    assert (figures["new_trials"], log.version(lake, TUNINGS)) == (0, version)
    _, figures = tuned(lake, len(before) + 1)
    assert (figures["trials"], figures["new_trials"]) == (len(before) + 1, 1)
    assert kept(lake)[: len(before)] == before
    assert figures["rmse"] == round(min(row["rmse"] for row in kept(lake)), 5)


def test_a_trial_that_was_cut_off_is_tried_again_and_kept_once(lake: Lake) -> None:
    before = len(kept(lake))
    with pytest.raises(Killed), hooked(kill_at(f"before {TUNINGS.path}")):
        tuned(lake, before + 1)
    assert tuned(lake, before + 1)[1]["new_trials"] == 1
    assert [int(row["trial"]) for row in kept(lake)] == list(range(before + 1))


def test_jobs_take_the_best_unless_told_otherwise(lake: Lake) -> None:
    winner = min(kept(lake), key=lambda row: row["rmse"])
    best = choose_parameters(lake, SMALL, TUNED, "assortment")
    assert {n: getattr(best.model, n) for n in PARAMETERS} == {n: winner[n] for n in PARAMETERS}
    assert best.source == "tuned on 2015-03 to 2015-04"
    assert choose_parameters(lake, SMALL, PROFILE, "assortment").model == SMALL
    assert choose_parameters(lake, SMALL, TUNED, "grid").source == "the profile's, none are tuned"


@pytest.mark.parametrize(("first", "source"), [(4, "the profile's: the tuned"), (5, "tuned on")])
def test_a_backtest_takes_none_that_have_seen_its_months(
    lake: Lake, first: int, source: str
) -> None:
    found = choose_parameters(lake, SMALL, TUNED, "assortment", date(2015, first, 1))
    assert found.source.startswith(source)


def test_the_backtest_says_which_parameters_it_took(lake: Lake) -> None:
    asked = ("--lake", lake.root, "--estimators", "profile", "--folds")
    assert run(backtest.JOB, *asked, 2)[1]["parameters"] == "tuned on 2015-03 to 2015-04"
    assert run(backtest.JOB, *asked, 3)[1]["parameters"].startswith("the profile's: the tuned ones")


def test_the_study_that_was_worked_on_last_is_taken(lake: Lake, tmp_path: Path) -> None:
    other = Lake.at(str(tmp_path / "other"))
    claim_lake(other, stored_profile(lake))
    for study, day, rmse in (("old", 1, 0.1), ("new", 2, 0.3), ("new", 3, 0.2)):
        when = kept(lake)[0]["finished_at"].replace(day=day)
        fields = {"study": study, "trial": day, "rmse": rmse, "finished_at": when}
        keep(other, TuningRow(**{**kept(lake)[0], **fields, "max_depth": 4 + day}))
    assert choose_parameters(other, SMALL, TUNED, "assortment").model.max_depth == 7


@pytest.mark.parametrize(
    ("asked", "code"),
    [(("--trials", 0), 2), (("--minutes", 0), 2), (("--folds", 60), 3)],
)
def test_what_cannot_be_tuned_is_refused(lake: Lake, asked: tuple[object, ...], code: int) -> None:
    found, figures = run(tune.JOB, "--lake", lake.root, *asked)
    assert found == code, figures
