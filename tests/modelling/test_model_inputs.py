"""What a model reads of panel rows: columns by name, nulls as the numbers that they stand for."""

import numpy as np
import pyarrow as pa
from meanings import UNCLIPPED

from features.feature_set import BELOW_ALL, feature_set
from modelling.estimators.model_inputs import ModelColumns

FEATURES = feature_set(UNCLIPPED)
BATCH = pa.RecordBatch.from_pydict(
    {
        "other": ["x", "y"],
        "lag": pa.array([None, 2.5], pa.float32()),
        "days": pa.array([31, None], pa.int32()),
    }
)


def test_a_null_becomes_the_number_that_it_stands_for() -> None:
    filled = ModelColumns(("days", "lag"), {"lag": 0.0, "days": -1.0})
    assert filled.matrix(BATCH).tolist() == [[31, 0], [-1, 2.5]]
    assert filled.table(BATCH).to_pydict() == {"days": [31, -1], "lag": [0, 2.5]}


def test_a_null_that_stands_for_none_stays_missing() -> None:
    bare = ModelColumns(("lag",), {})
    assert np.isnan(bare.matrix(BATCH)).tolist() == [[True], [False]]
    assert bare.table(BATCH)["lag"].null_count == 1


def test_every_declared_column_that_can_be_null_has_a_filling() -> None:
    can_be_null = {column.name for column in FEATURES.columns if column.nullable}
    assert FEATURES.fillings.keys() == can_be_null


def test_what_never_sold_sold_nothing_long_ago() -> None:
    inputs = ModelColumns.of(
        FEATURES, ["shop_item_target_lag_1", "item_sales_since_all", "item_trend"]
    )
    assert inputs.fillings == {
        "shop_item_target_lag_1": 0.0,
        "item_sales_since_all": 1000.0,
        "item_trend": BELOW_ALL,
    }
