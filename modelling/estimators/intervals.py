"""Prediction intervals: quantile trees, corrected on held-out months."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial

import pyarrow as pa
import xgboost as xgb

from lakehouse.profile.model import IntervalsConfig, ModelConfig
from modelling.estimators.calibration import Correction
from modelling.estimators.estimator import SEED
from modelling.estimators.model_inputs import ModelColumns, Numbers
from modelling.estimators.predict import load_trees
from modelling.estimators.quantiles import QUANTILES
from modelling.estimators.response import Response

FEWEST_MONTHS = 3


def parameters(model: ModelConfig) -> dict[str, object]:
    """Translate a profile's section into xgboost's parameters of one model of all quantiles."""
    section = model.intervals
    return {
        "n_estimators": section.rounds,
        "max_depth": section.max_depth,
        "learning_rate": model.learning_rate,
        "min_child_weight": section.min_child_weight,
        "subsample": model.subsample,
        "colsample_bytree": model.colsample_bytree,
        "tree_method": "hist",
        "objective": "reg:quantileerror",
        "quantile_alpha": list(QUANTILES.values()),
        "random_state": SEED,
    }


def calibration_months(months: Sequence[date], section: IntervalsConfig) -> list[date]:
    """Choose the held-out months: the quantiles are corrected on them, and do not learn from them.

    Args:
        months: target months that a model may learn from.
        section: the number of held-out months; at most a third of ``months`` is held out.

    Returns:
        The last months, in order; empty if ``months`` has fewer than three, or the profile wants
        no intervals (0 rounds).
    """
    if section.rounds == 0 or len(months) < FEWEST_MONTHS:
        return []
    return sorted(months)[-min(section.calibration_months, len(months) // 3) :]


@dataclass(frozen=True)
class Intervals:
    """Fitted quantile trees; Spark sends the trees to the workers.

    Attributes:
        raw: the trees, in xgboost's own format.
        inputs: panel columns that the trees learned from.
        response: turns predicted labels into units.
        correction: the shifts to add to the quantiles; None: not calibrated yet.
    """

    raw: bytes
    inputs: ModelColumns
    response: Response
    correction: Correction | None = None

    def forecaster(self) -> Callable[[pa.RecordBatch], Numbers]:
        """Load the trees and return a function: batch → ``[row, quantile]``, units."""
        return partial(self.quantiles, load_trees(self.raw))

    def quantiles(self, booster: xgb.Booster, batch: pa.RecordBatch) -> Numbers:
        """Predict ``[row, quantile]``, units; corrected quantiles do not decrease in a row."""
        predicted: Numbers = booster.inplace_predict(self.inputs.matrix(batch))
        units = self.response.units(batch, predicted.reshape(len(batch), len(QUANTILES)))
        return units if self.correction is None else self.correction.apply(batch, units)
