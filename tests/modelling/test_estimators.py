"""Whatever estimator learns: its models owe the same columns, bounds and memory."""

import math
import re
import sys
from pathlib import Path

import pyarrow as pa
import pytest
from builders import profile
from pyspark.sql import SparkSession
from small_lakes import HISTORY, assemble_panels, random_sales, small_lake

from feature_store.panel.rows import PanelRows
from features.feature_set import feature_set
from lakehouse.month_range import MonthRange, plus_months
from lakehouse.profile.model import (
    BaggedBoostingConfig,
    IntervalsConfig,
    ModelConfig,
    RandomForestConfig,
)
from modelling.estimators.estimator import EstimatorSettings
from modelling.estimators.families import FAMILIES, make_estimator
from modelling.estimators.predict import COLUMNS

pytestmark = pytest.mark.slow

DOCUMENT = Path(__file__).parents[2] / "docs" / "explanation" / "estimators.md"
OWN = "own:CategoryFactors"
SMALL = ModelConfig(
    rounds=5,
    min_child_weight=1,
    intervals=IntervalsConfig(rounds=5, max_depth=2, min_child_weight=1),
    random_forest=RandomForestConfig(trees=2, max_depth=3, min_rows_per_leaf=1),
    bagged_boosting=BaggedBoostingConfig(
        rows_per_model=60, models=2, rounds=5, min_rows_per_leaf=2
    ),
)
LEARNED = MonthRange(HISTORY.first, plus_months(HISTORY.last, -2))
FORECAST_MONTH = plus_months(HISTORY.last, -1)


@pytest.fixture(scope="module")
def panel(tmp_path_factory: pytest.TempPathFactory, spark: SparkSession) -> PanelRows:  # noqa: ARG001
    lake = small_lake(tmp_path_factory.mktemp("estimators"), random_sales(3, 400))
    assemble_panels(lake)
    return PanelRows(lake, feature_set(profile()), "assortment", tuple(LEARNED)[2:])


@pytest.fixture(scope="module", autouse=True)
def own(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The document's estimator, where Python finds it."""
    folder = tmp_path_factory.mktemp("own")
    (code,) = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    (folder / "own.py").write_text(code)
    sys.path.append(str(folder))


def forecast(rows: object) -> pa.Table:
    return rows.toArrow().sort_by([("shop_id", "ascending"), ("item_id", "ascending")])


@pytest.mark.parametrize("family", [*FAMILIES, OWN])
def test_a_model_owes_columns_bounds_and_memory(
    family: str, panel: PanelRows, spark: SparkSession, tmp_path: Path
) -> None:
    settings = EstimatorSettings(tuple(panel.features.names), SMALL, profile().target_clip, 1)
    made = make_estimator(family, settings)
    model = made.fit(panel, spark)
    rows = panel.of([FORECAST_MONTH]).frame(spark)
    stranger = rows.limit(1).selectExpr(
        "'nowhere' AS shop_id", "'nothing' AS item_id", "'none' AS category_id",
        *(f"CAST(NULL AS {f.dataType.simpleString()}) AS {f.name}" for f in rows.schema[3:])
    )  # fmt: skip
    asked = rows.unionByName(stranger)
    found = forecast(model.predict(asked))
    low, high = settings.bounds

    assert found.column_names == [*rows.columns, *COLUMNS]
    assert len(found) == rows.count() + 1
    assert all(low <= units <= high for units in found["forecast"].to_pylist())
    for row in found.select(list(COLUMNS)).to_pylist():
        mean = row.pop("forecast")
        quantiles = [value for value in row.values() if value is not None]
        assert len(quantiles) == (4 if family == "xgboost" else 0)
        assert quantiles == sorted(quantiles)
        assert all(low <= value <= high for value in quantiles)
        assert not quantiles or quantiles[0] <= mean <= quantiles[-1]
    assert all(math.isfinite(gain) for gain in model.importance().values())

    model.save(tmp_path)
    again = forecast(make_estimator(family, settings).load(tmp_path).predict(asked))
    assert again.equals(found), "a model that was saved and loaded forecasts the same"


def test_items_beyond_the_models_are_not_learned_from(
    panel: PanelRows, spark: SparkSession
) -> None:
    section = BaggedBoostingConfig(rows_per_model=10, models=3, rounds=2, min_rows_per_leaf=1)
    model = SMALL.model_copy(update={"bagged_boosting": section})
    settings = EstimatorSettings(tuple(panel.features.names), model, None)
    assert len(make_estimator("bagged_boosting", settings).fit(panel, spark).models) <= 3
