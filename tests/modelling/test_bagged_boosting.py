"""A bucket's model learns what the bucket knows."""

import io
import os
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from features.feature_set import TARGET
from lakehouse.errors import RefusedError
from lakehouse.profile.model import BaggedBoostingConfig, ModelConfig
from modelling.estimators.bagged_boosting import Bag, fitting, load_model
from modelling.estimators.bagged_boosting import BaggedBoosting as Family
from modelling.estimators.estimator import EstimatorSettings

SMALL = ModelConfig(bagged_boosting=BaggedBoostingConfig(rounds=40, min_rows_per_leaf=1))


@pytest.mark.slow
def test_a_feature_that_a_bucket_never_knows_is_no_obstacle() -> None:
    near = np.arange(100, dtype=np.float32)
    rows = pa.table({"near": near, "far": pa.nulls(100, pa.float32()), TARGET: near * 2})
    found = fitting(EstimatorSettings(("near", "far"), SMALL))(rows)
    (model,) = (load_model(raw) for raw in found["model"].to_pylist())
    known = np.array([[50, np.nan], [50, 7]], np.float32)
    assert model.predict(known) == pytest.approx([100, 100], abs=3)


def models() -> tuple[bytes, ...]:
    rows = pa.table({"near": np.arange(50, dtype=np.float32), TARGET: np.arange(50.0)})
    return tuple(fitting(EstimatorSettings(("near",), SMALL))(rows)["model"].to_pylist())


class Evil:
    """What runs a command when it is unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("touch unpickled",)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model's folder, which is where commands run, too."""
    monkeypatch.chdir(tmp_path)
    Bag(models(), ("near",), (0, 20)).save(tmp_path)
    return tmp_path


@pytest.mark.slow
def test_a_saved_model_forecasts_the_same(folder: Path) -> None:
    bag = Family(EstimatorSettings(("near",), SMALL)).load(folder)
    batch = pa.record_batch({"near": np.array([3, 30], np.float32)})
    before = Bag(models(), ("near",), (0, 20)).forecaster()(batch)
    assert bag.forecaster()(batch).tolist() == before.tolist()
    assert not list(folder.glob("*.pickle"))


@pytest.mark.slow
def test_a_pickle_in_the_model_store_is_not_read(folder: Path) -> None:
    for file in folder.iterdir():
        file.unlink()
    (folder / "models.pickle").write_bytes(pickle.dumps(Evil()))
    with pytest.raises(RefusedError, match="An earlier program pickled this model"):
        Family(EstimatorSettings(("near",), SMALL)).load(folder)
    assert not (folder / "unpickled").exists()


@pytest.mark.slow
def test_what_is_no_tree_is_not_loaded(folder: Path) -> None:
    """A pickle in the place of a model, and a skops file that names a function to call."""
    file = folder / "model-0.skops"
    with zipfile.ZipFile(io.BytesIO(file.read_bytes())) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    schema = parts.pop("schema.json").decode()
    planted = io.BytesIO()
    with zipfile.ZipFile(planted, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
        trees = "sklearn.ensemble._hist_gradient_boosting.predictor"
        archive.writestr(
            "schema.json", schema.replace("TreePredictor", "system").replace(trees, "os")
        )
    for content in (pickle.dumps(Evil()), planted.getvalue()):
        file.write_bytes(content)
        with pytest.raises(RefusedError, match="damaged or has untrusted types"):
            Family(EstimatorSettings(("near",), SMALL)).load(folder)
    assert not (folder / "unpickled").exists()
