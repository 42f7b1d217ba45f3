"""Whoever alters the model store changes no forecast, and brings no code into the program."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from builders import profile

from lakehouse.context import Context
from lakehouse.delta.arrow import read_table
from lakehouse.lake import Lake
from lakehouse.profile.model import ModelConfig
from lakehouse.profile.stored import claim_lake
from lakehouse.settings import JobSettings
from lakehouse.tables.gold import MODEL_FILES
from modelling.registry.model_files import AlteredModelError
from modelling.registry.recipe import Recipe
from modelling.registry.tracking import Tracking

pytestmark = [
    pytest.mark.slow,
    # MLflow's own imports and its client of SQLAlchemy warn; nothing of ours does.
    pytest.mark.filterwarnings("default"),
]
OWN = "family_of_this_test:Family"
FAMILY = """
class Family:
    name = "of_this_test"
    def __init__(self, settings): pass
    def fit(self, rows, spark): pass
    def describe(self): return {}
    def load(self, folder): return (folder / "part" / "weights").read_text()
"""


class Weights:
    """A model of which its files alone matter here."""

    def save(self, folder: Path) -> None:
        (folder / "part").mkdir()
        (folder / "part" / "weights").write_text("1 2 3")
        (folder / "empty").touch()


class Store:
    """The model store of a lake, with one model."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lake = Lake.at(str(folder))
        claim_lake(self.lake, profile())
        self.tracking = Tracking(Context(JobSettings(), "test"), self.lake, profile())
        self.recipe = Recipe(OWN, ModelConfig().model_dump(mode="json"), ("near",), "grid", 1)
        with self.tracking.run("train", {}, "inputs") as self.run:
            self.tracking.log_model(Weights(), self.recipe)

    def file(self, name: str) -> Path:
        (found,) = (self.folder / "mlflow" / "artifacts").rglob(name)
        return found

    def load(self) -> Any:
        recipe = self.tracking.recipe(self.run)
        assert recipe is not None
        return self.tracking.model(self.run, recipe)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    for module in ("family_of_this_test", "evil"):
        (tmp_path / f"{module}.py").write_text(FAMILY)
    monkeypatch.syspath_prepend(str(tmp_path))
    for module in ("family_of_this_test", "evil"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    return Store(tmp_path / "lake")


def test_a_model_is_what_was_kept(store: Store) -> None:
    assert store.load() == "1 2 3"
    (row,) = read_table(store.lake, MODEL_FILES).to_pylist()
    assert (row["run"], row["estimator"]) == (store.run, OWN)


ALTERED: dict[str, Callable[[Store], object]] = {
    "a weight": lambda store: store.file("weights").write_text("1 2 4"),
    "a file gone": lambda store: store.file("empty").unlink(),
    "a file more": lambda store: (store.file("empty").parent / "more").touch(),
    "a file moved": lambda store: store.file("weights").rename(store.file("empty").parent / "w"),
}


@pytest.mark.parametrize("alter", ALTERED.values(), ids=ALTERED)
def test_altered_files_are_not_read(store: Store, alter: Callable[[Store], object]) -> None:
    alter(store)
    with pytest.raises(AlteredModelError, match="the model store has other files"):
        store.load()


def test_an_altered_recipe_imports_nothing(store: Store) -> None:
    file = store.file("recipe.json")
    file.write_text(json.dumps({**json.loads(file.read_text()), "estimator": "evil:Family"}))
    with pytest.raises(AlteredModelError, match="has another recipe than"):
        store.load()
    assert "evil" not in sys.modules


def test_a_run_that_jobs_train_did_not_make_imports_nothing_but_what_the_profile_names(
    store: Store,
) -> None:
    """As of a program of before, or of somebody who writes the model store."""
    mlflow = store.tracking._mlflow
    with store.tracking.run("train", {}, "inputs") as store.run:
        text = store.recipe.as_json.replace(OWN, "evil:Family")
        mlflow.log_text(text, "recipe.json")
    with pytest.raises(AlteredModelError, match="names the estimator 'evil:Family'"):
        store.load()
    assert "evil" not in sys.modules
    named = profile().model_copy(update={"model": ModelConfig(estimator="evil:Family")})
    tracking = Tracking(Context(JobSettings(), "test"), store.lake, named)
    recipe = tracking.recipe(store.run)
    assert recipe is not None
    assert recipe.estimator_for(None).name == "of_this_test"
