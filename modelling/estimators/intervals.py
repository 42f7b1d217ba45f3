"""Quantiles of a row's units: trees of their own, corrected on months not learned from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

import pyarrow as pa
import xgboost as xgb

from lakehouse.profile import model as model_section
from modelling.estimators.calibration import Correction
from modelling.estimators.estimator import SEED
from modelling.estimators.model_inputs import Inputs, Numbers
from modelling.estimators.predict import loaded
from modelling.estimators.quantiles import QUANTILES
from modelling.estimators.response import Response

FEWEST_MONTHS = 3


def parameters(model: model_section.Model) -> dict[str, Any]:
    """Return xgboost's parameters for all quantiles in one model, as a profile gives them."""
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


def calibration_months(months: Sequence[date], section: model_section.Intervals) -> list[date]:
    """Choose the months that quantiles are corrected on, and do not learn from.

    Args:
        months: target months that a model may learn from.
        section: says how many; a third of the months at most.

    Returns:
        The last ones; none where there are less than three months, or intervals are not wanted.
    """
    if section.rounds == 0 or len(months) < FEWEST_MONTHS:
        return []
    return sorted(months)[-min(section.calibration_months, len(months) // 3) :]


@dataclass(frozen=True)
class Intervals:
    """Fitted quantiles; sent to the workers.

    Attributes:
        raw: their trees, in xgboost's own format.
        inputs: columns that they learned from.
        response: what they learned of the target.
        correction: what is added; None: nothing yet.
    """

    raw: bytes
    inputs: Inputs
    response: Response
    correction: Correction | None = None

    def forecaster(self) -> Callable[[pa.RecordBatch], Numbers]:
        """Load the trees, and return what predicts ``[row, quantile]`` of a batch, units."""
        return partial(self.quantiles, loaded(self.raw))

    def quantiles(self, booster: xgb.Booster, batch: pa.RecordBatch) -> Numbers:
        """Return ``[row, quantile]`` units, increasing where they were corrected."""
        predicted: Numbers = booster.inplace_predict(self.inputs.matrix(batch))
        found = self.response.units(batch, predicted.reshape(len(batch), len(QUANTILES)))
        return found if self.correction is None else self.correction.apply(batch, found)
