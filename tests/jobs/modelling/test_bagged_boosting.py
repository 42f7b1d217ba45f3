"""A bucket's model learns what the bucket knows."""

import pickle

import numpy as np
import pyarrow as pa
import pytest

from features.feature_set import TARGET
from jobs.modelling.bagged_boosting import fitting
from jobs.modelling.estimator import Settings
from lakehouse.model_section import BaggedBoosting, Model

SMALL = Model(bagged_boosting=BaggedBoosting(rounds=40, min_rows_per_leaf=1))


def test_a_feature_that_a_bucket_never_knows_is_no_obstacle() -> None:
    near = np.arange(100, dtype=np.float32)
    rows = pa.table({"near": near, "far": pa.nulls(100, pa.float32()), TARGET: near * 2})
    found = fitting(Settings(("near", "far"), SMALL))(rows)
    (model,) = (pickle.loads(raw) for raw in found["model"].to_pylist())
    known = np.array([[50, np.nan], [50, 7]], np.float32)
    assert model.predict(known) == pytest.approx([100, 100], abs=3)
