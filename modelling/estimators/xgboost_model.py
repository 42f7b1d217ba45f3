"""XGBoost: boosted trees that Spark tasks fit together; the default model family."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import xgboost as xgb

from lakehouse.profile.model import ModelConfig, ResponseConfig
from modelling.estimators import collective, intervals
from modelling.estimators.boosting import BoostingTask
from modelling.estimators.calibration import Correction, correction
from modelling.estimators.estimator import SEED, EstimatorSettings
from modelling.estimators.intervals import Intervals, calibration_months
from modelling.estimators.model_inputs import ModelColumns, Numbers
from modelling.estimators.predict import load_trees, with_forecasts
from modelling.estimators.response import Response

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from feature_store.panel.rows import PanelRows

FORECAST_FILE, QUANTILE_FILE, ORIGIN_FILE = "forecast.ubj", "quantiles.ubj", "model.json"


def parameters(model: ModelConfig) -> dict[str, object]:
    """Translate a profile's section ``model`` into xgboost's parameters."""
    return {
        "n_estimators": model.rounds,
        "max_depth": model.max_depth,
        "learning_rate": model.learning_rate,
        "min_child_weight": model.min_child_weight,
        "subsample": model.subsample,
        "colsample_bytree": model.colsample_bytree,
        "reg_lambda": model.reg_lambda,
        "tree_method": "hist",
        "objective": "reg:squarederror",
        "random_state": SEED,
    }


@dataclass(frozen=True)
class Trees:
    """Fitted boosted trees; Spark sends the trees to the workers.

    Attributes:
        raw: the trees of the forecast, in xgboost's own format.
        inputs: panel columns that the trees learned from.
        response: turns predicted labels into units.
        bounds: the least and the greatest forecast, units.
        intervals: the trees of the quantiles; None: the model has no quantiles.
    """

    raw: bytes
    inputs: ModelColumns
    response: Response
    bounds: tuple[float, float]
    intervals: Intervals | None = None

    def predict(self, rows: "DataFrame") -> "DataFrame":
        """Forecast panel rows; the quantiles are null without intervals."""
        return with_forecasts(rows, self.forecaster, self.bounds)

    def forecaster(self) -> Callable[[pa.RecordBatch], Numbers]:
        """Load the trees and return a function: batch → ``[row, forecast and quantiles]``."""
        forecast = partial(self.forecast, self.booster)
        if self.intervals is None:
            return forecast
        quantiles = self.intervals.forecaster()
        return lambda batch: np.hstack([forecast(batch), quantiles(batch)])

    def forecast(self, booster: xgb.Booster, batch: pa.RecordBatch) -> Numbers:
        """Forecast a batch: ``[row, 1]``, units."""
        predicted = booster.inplace_predict(self.inputs.matrix(batch))
        return self.response.units(batch, predicted[:, None])

    def importance(self) -> Mapping[str, float]:
        """Return feature → mean gain of the splits on the feature; 0 if no tree splits on it."""
        gains = self.booster.get_score(importance_type="gain")
        return {name: float(gains.get(f"f{i}", 0.0)) for i, name in enumerate(self.inputs.names)}

    @property
    def booster(self) -> xgb.Booster:
        """The trees of the forecast, loaded."""
        return load_trees(self.raw)

    def save(self, folder: Path) -> None:
        """Write the trees in xgboost's own format, and inputs, response and correction as JSON."""
        (folder / FORECAST_FILE).write_bytes(self.raw)
        origin: dict[str, Any] = {
            "features": self.inputs.names,
            "fillings": dict(self.inputs.fillings),
            "response": self.response.section.model_dump(),
        }
        if self.intervals is not None and self.intervals.correction is not None:
            (folder / QUANTILE_FILE).write_bytes(self.intervals.raw)
            origin["correction"] = asdict(self.intervals.correction)
        (folder / ORIGIN_FILE).write_text(json.dumps(origin, indent=1))


class XGBoost:
    """The estimator of boosted trees, configured by the profile's section ``model``."""

    name = "xgboost"

    def __init__(self, settings: EstimatorSettings) -> None:
        self._settings = settings
        self._response = Response(settings.model.response)
        self._response.require(settings.features)

    def fit(self, rows: "PanelRows", spark: "SparkSession") -> Trees:
        """Fit boosted trees to panel rows, on several workers together.

        The forecast learns from all months. The quantiles learn only from the months before the
        held-out months, on which ``correction`` corrects the quantiles. The quantiles are not
        fitted again on all months: the intervals would become narrower than the corrected ones.
        """
        given, inputs = self._settings, self._inputs(rows)
        raw = self._boosted(rows, spark, parameters(given.model))
        return Trees(raw, inputs, self._response, given.bounds, self._intervals(rows, spark))

    def _inputs(self, rows: "PanelRows") -> ModelColumns:
        return ModelColumns.of(rows.features, self._settings.features)

    def _intervals(self, rows: "PanelRows", spark: "SparkSession") -> Intervals | None:
        given = self._settings
        held_out = calibration_months(rows.months, given.model.intervals)
        if not held_out:
            return None
        learned = rows.of(month for month in rows.months if month not in held_out)
        raw = self._boosted(learned, spark, intervals.parameters(given.model))
        fitted = Intervals(raw, self._inputs(rows), self._response)
        corrected = correction(
            rows.of(held_out).frame(spark), fitted.forecaster, given.model.intervals.demand_bounds
        )
        return replace(fitted, correction=corrected)

    def _boosted(
        self, rows: "PanelRows", spark: "SparkSession", parameters: Mapping[str, object]
    ) -> bytes:
        inputs, workers = self._inputs(rows), self._settings.workers
        task = BoostingTask.of(inputs, parameters, self._response, workers)
        return bytes(collective.train(spark, task, rows).save_raw("ubj"))

    def describe(self) -> Mapping[str, object]:
        """Return xgboost's parameters, engine, intervals and the response unless it is plain."""
        response = self._settings.model.response.model_dump()
        return {
            **parameters(self._settings.model),
            "engine": self._settings.model.engine,
            **({} if self._response.is_plain else {"response": response}),
            "intervals": self._settings.model.intervals.model_dump(),
        }

    def load(self, folder: Path) -> Trees:
        """Read fitted trees from a folder."""
        origin = json.loads((folder / ORIGIN_FILE).read_text())
        inputs = ModelColumns(tuple(origin["features"]), origin.get("fillings", {}))
        section = ResponseConfig.model_validate(origin["response"])
        trees = Trees(
            (folder / FORECAST_FILE).read_bytes(),
            inputs,
            Response(section),
            self._settings.bounds,
        )
        if "correction" not in origin:
            return trees
        raw = (folder / QUANTILE_FILE).read_bytes()
        corrected = Correction(**origin["correction"])
        return replace(trees, intervals=Intervals(raw, inputs, trees.response, corrected))
