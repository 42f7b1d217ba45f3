"""Bagged boosting: the mean of scikit-learn gradient boosting models, one per bucket of items.

scikit-learn learns only from rows in the memory of one process. So Spark divides the panel into
buckets of whole items with a bounded number of rows, and one task fits one model per bucket. A
forecast is the mean of all models, so the bag also forecasts items and shops that no model saw; a
model per category or per shop could not. The price: each model learns from some of the items only.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from features.feature_set import TARGET
from features.group import ITEM
from lakehouse.delta import listing
from lakehouse.errors import RefusedError
from modelling.estimators.estimator import SEED, EstimatorSettings
from modelling.estimators.model_inputs import ModelColumns, Numbers
from modelling.estimators.predict import with_forecasts

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession
    from sklearn.ensemble import HistGradientBoostingRegressor

    from feature_store.panel.rows import PanelRows

BUCKET = "bucket"
ORIGIN_FILE = "models.json"
# The only type that skops may load from a model file beyond the types that skops trusts itself.
TRUSTED = ("sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",)


@dataclass(frozen=True)
class Bag:
    """Fitted models whose mean is the forecast; Spark sends the bag to the workers.

    Attributes:
        models: each model as bytes in the skops format.
        features: panel columns that every model learned from, in order.
        bounds: the least and the greatest forecast, units.
    """

    models: tuple[bytes, ...]
    features: tuple[str, ...]
    bounds: tuple[float, float]

    def predict(self, rows: "DataFrame") -> "DataFrame":
        """Forecast panel rows; the quantiles are null."""
        return with_forecasts(rows, self.forecaster, self.bounds)

    def forecaster(self) -> Callable[[pa.RecordBatch], Numbers]:
        """Load the models and return a function that forecasts a batch."""
        return partial(self.forecast, [load_model(model) for model in self.models])

    def forecast(
        self, models: Sequence["HistGradientBoostingRegressor"], batch: pa.RecordBatch
    ) -> Numbers:
        """Forecast a batch: ``[row, 1]``, units, the mean of the models."""
        if len(batch) == 0:
            return np.empty((0, 1), np.float32)
        values = ModelColumns(self.features, {}).matrix(batch)
        mean: Numbers = np.mean([model.predict(values) for model in models], axis=0)
        return mean[:, None]

    def importance(self) -> Mapping[str, float]:
        """Return an empty mapping: scikit-learn's models keep no gains."""
        return {}

    def save(self, folder: Path) -> None:
        """Write the models in the skops format, which runs no code from a file when loaded."""
        for number, model in enumerate(self.models):
            (folder / model_file(number)).write_bytes(model)
        origin = {"models": len(self.models), "features": self.features}
        (folder / ORIGIN_FILE).write_text(json.dumps(origin))


def model_file(number: int) -> str:
    """Return the file name of a model."""
    return f"model-{number}.skops"


def load_model(model: bytes) -> "HistGradientBoostingRegressor":
    """Load a model from bytes in the skops format.

    Raises:
        RefusedError: the bytes are damaged, or have a type other than scikit-learn's trees; train
            and promote again.
    """
    import skops.io

    try:
        loaded: HistGradientBoostingRegressor = skops.io.loads(model, trusted=list(TRUSTED))
    except Exception as error:  # zipfile, json and skops raise many types for a damaged file
        raise RefusedError(
            f"A file of a bagged_boosting model is damaged or has untrusted types: {error}; it was "
            "not used. Run jobs.train, then jobs.promote."
        ) from None
    return loaded


def fitting(settings: EstimatorSettings) -> Callable[[pa.Table], pa.Table]:
    """Make the function with which a worker fits one model to the rows of a bucket."""

    def fit(rows: pa.Table) -> pa.Table:
        import skops.io
        from sklearn.ensemble import HistGradientBoostingRegressor

        section = settings.model.bagged_boosting
        model = HistGradientBoostingRegressor(
            max_iter=section.rounds,
            learning_rate=section.learning_rate,
            max_leaf_nodes=section.max_leaves,
            min_samples_leaf=section.min_rows_per_leaf,
            early_stopping=False,
            random_state=SEED,
        )
        (batch,) = rows.combine_chunks().to_batches()
        values = ModelColumns(settings.features, {}).matrix(batch)
        # scikit-learn fails to bin a column of nulls only; trees never split on a constant.
        values[:, np.isnan(values).all(axis=0)] = 0
        model.fit(values, batch[TARGET].to_numpy())
        return pa.table({"model": pa.array([skops.io.dumps(model)], pa.binary())})

    return fit


class BaggedBoosting:
    """The estimator of bagged boosting, configured by the profile's ``model.bagged_boosting``."""

    name = "bagged_boosting"

    def __init__(self, settings: EstimatorSettings) -> None:
        self._settings = settings
        self._section = settings.model.bagged_boosting

    def fit(self, rows: "PanelRows", spark: "SparkSession") -> Bag:
        """Fit one model per bucket of items to panel rows, each in one Spark task.

        Raises:
            RefusedError: the panel has no rows in the months; run build_panel.
        """
        from pyspark.sql import functions as F

        by_month = listing.month_rows(rows.lake, rows.table)
        total = sum(by_month.get(month, 0) for month in rows.months)
        if total == 0:
            raise RefusedError("No panel rows to train on; run build_panel for those months.")
        buckets = -(-total // self._section.rows_per_model)
        bucket = F.pmod(F.xxhash64(ITEM), F.lit(buckets)).alias(BUCKET)
        learned = rows.frame(spark).select(bucket, *self._settings.features, TARGET)
        fitted = (
            learned.where(F.col(BUCKET) < self._section.models)
            .groupBy(BUCKET)
            .applyInArrow(fitting(self._settings), "model BINARY")
        )
        models = tuple(bytes(row["model"]) for row in fitted.collect())
        return Bag(models, self._settings.features, self._settings.bounds)

    def describe(self) -> Mapping[str, object]:
        """Return the parameters in the profile's section ``model.bagged_boosting``."""
        return self._section.model_dump()

    def load(self, folder: Path) -> Bag:
        """Read fitted models from a folder.

        Raises:
            RefusedError: an older program pickled the models, or a model file is damaged or has
                untrusted types; train and promote again.
        """
        if not (folder / ORIGIN_FILE).exists():
            raise RefusedError(
                "An earlier program pickled this model of bagged_boosting. A pickle can run code, "
                "so it is not read. Run jobs.train, then jobs.promote."
            )
        origin = json.loads((folder / ORIGIN_FILE).read_text())
        count = range(origin["models"])
        models = tuple((folder / model_file(number)).read_bytes() for number in count)
        for model in models:
            load_model(model)
        return Bag(models, tuple(origin["features"]), self._settings.bounds)
