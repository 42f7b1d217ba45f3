"""scikit-learn's gradient boosting, one model per bucket of items, averaged: from outside Spark.

scikit-learn learns from what one process holds. So the panel is cut into buckets of whole items of
a bounded number of rows, each fitted by one task, and a forecast is the mean over the models: an
item or a shop that no model saw is forecast all the same, which a model per category or per shop
could not do. The price is that each model knows a part of the items only.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from features.feature_set import TARGET
from features.group import ITEM
from lakehouse.delta import log
from lakehouse.errors import RefusedError
from modelling.estimators.estimator import SEED, Settings
from modelling.estimators.model_inputs import Inputs, Numbers
from modelling.estimators.predict import with_forecasts

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from feature_store.panel.rows import PanelRows

BUCKET = "bucket"
ORIGIN_FILE = "models.json"
# What scikit-learn's trees are made of, beside what skops trusts; nothing else is loaded.
TRUSTED = ("sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",)


@dataclass(frozen=True)
class Bag:
    """Fitted models, whose mean is the forecast; sent to the workers.

    Attributes:
        models: as skops writes them.
        features: columns that they learned from, in their order.
        bounds: of forecasts, units.
    """

    models: tuple[bytes, ...]
    features: tuple[str, ...]
    bounds: tuple[float, float]

    def predict(self, rows: "DataFrame") -> "DataFrame":
        """Forecast panel rows; there are no quantiles."""
        return with_forecasts(rows, self.forecaster, self.bounds)

    def forecaster(self) -> Callable[[pa.RecordBatch], Numbers]:
        """Load the models, and return what forecasts a batch."""
        return partial(self.forecast, [loaded(model) for model in self.models])

    def forecast(self, models: Sequence[Any], batch: pa.RecordBatch) -> Numbers:
        """Return ``[row, 1]`` units."""
        if len(batch) == 0:
            return np.empty((0, 1), np.float32)
        values = Inputs(self.features, {}).matrix(batch)
        mean: Numbers = np.mean([model.predict(values) for model in models], axis=0)
        return mean[:, None]

    def importance(self) -> Mapping[str, float]:
        """Return nothing: scikit-learn keeps no gains."""
        return {}

    def save(self, folder: Path) -> None:
        """Write the models as skops does: to read such a file runs no code that it brings."""
        for number, model in enumerate(self.models):
            (folder / model_file(number)).write_bytes(model)
        origin = {"models": len(self.models), "features": self.features}
        (folder / ORIGIN_FILE).write_text(json.dumps(origin))


def model_file(number: int) -> str:
    """Name the file of a model."""
    return f"model-{number}.skops"


def loaded(model: bytes) -> Any:
    """Load a model.

    Raises:
        RefusedError: it holds something that is no part of scikit-learn's trees, or is damaged.
    """
    import skops.io

    try:
        return skops.io.loads(model, trusted=list(TRUSTED))
    except Exception as error:  # a damaged file makes zipfile, json or skops raise anything
        raise RefusedError(
            f"A model of bagged_boosting is not as it was kept: {error}; nothing of it is run. Run "
            "jobs.train, then jobs.promote."
        ) from None


def fitting(settings: Settings) -> Callable[[pa.Table], pa.Table]:
    """Make the function that fits one model to the rows of a bucket; a worker runs it."""

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
        values = Inputs(settings.features, {}).matrix(batch)
        # scikit-learn finds no bins for a column of nulls alone; a constant is never split on.
        values[:, np.isnan(values).all(axis=0)] = 0
        model.fit(values, batch[TARGET].to_numpy())
        return pa.table({"model": pa.array([skops.io.dumps(model)], pa.binary())})

    return fit


class BaggedBoosting:
    """The models, as the profile's section ``model.bagged_boosting`` describes them."""

    name = "bagged_boosting"

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._section = settings.model.bagged_boosting

    def fit(self, rows: "PanelRows", spark: "SparkSession") -> Bag:
        """Learn from panel rows, a bucket of items per task."""
        from pyspark.sql import functions as F

        by_month = log.month_rows(rows.lake, rows.table)
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

    def describe(self) -> Mapping[str, Any]:
        """Return the section's parameters."""
        return self._section.model_dump()

    def load(self, folder: Path) -> Bag:
        """Read fitted models.

        Raises:
            RefusedError: a program of before pickled them, or they are not as they were kept.
        """
        if not (folder / ORIGIN_FILE).exists():
            raise RefusedError(
                "A model of bagged_boosting was pickled by a program of before; a pickle can run "
                "code, and is not read. Run jobs.train, then jobs.promote."
            )
        origin = json.loads((folder / ORIGIN_FILE).read_text())
        count = range(origin["models"])
        models = tuple((folder / model_file(number)).read_bytes() for number in count)
        for model in models:
            loaded(model)
        return Bag(models, tuple(origin["features"]), self._settings.bounds)
