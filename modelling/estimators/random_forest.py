"""Random forest: Spark ML's regressor as a model family."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from features.feature_set import TARGET
from lakehouse.errors import RefusedError
from modelling.estimators.estimator import SEED, EstimatorSettings
from modelling.estimators.predict import FORECAST
from modelling.estimators.quantiles import QUANTILES

if TYPE_CHECKING:
    from pyspark.ml.regression import RandomForestRegressionModel
    from pyspark.sql import DataFrame, SparkSession

    from feature_store.panel.rows import PanelRows

VECTOR, PREDICTION = "forest_features", "forest_prediction"


@dataclass(frozen=True)
class Forest:
    """A fitted random forest.

    Attributes:
        model: the fitted Spark model.
        settings: settings of the estimator that fitted the forest.
    """

    model: "RandomForestRegressionModel"
    settings: EstimatorSettings

    def predict(self, rows: "DataFrame") -> "DataFrame":
        """Forecast panel rows; the quantiles are null."""
        from pyspark.sql import functions as F

        low, high = self.settings.bounds
        bounded = F.greatest(F.lit(low), F.least(F.lit(high), F.col(PREDICTION))).cast("float")
        absent = {name: F.lit(None).cast("float") for name in QUANTILES}
        predicted = self.model.transform(as_vectors(rows, self.settings))
        columns = {FORECAST: bounded, **absent}
        return predicted.withColumns(columns).select(*rows.columns, *columns)

    def importance(self) -> Mapping[str, float]:
        """Return feature → share of the variance reduction by splits; the shares add up to 1."""
        shares = self.model.featureImportances.toArray()
        return dict(zip(self.settings.features, map(float, shares), strict=True))

    def save(self, folder: Path) -> None:
        """Write the trees in Spark's format to a folder of the driver's machine."""
        java: Any = self.model._java_obj
        java.write().overwrite().saveToLocal(str(folder))


class RandomForest:
    """The estimator of random forests, configured by the profile's ``model.random_forest``."""

    name = "random_forest"

    def __init__(self, settings: EstimatorSettings) -> None:
        self._settings = settings
        self._section = settings.model.random_forest

    def fit(self, rows: "PanelRows", spark: "SparkSession") -> Forest:
        """Fit a forest to panel rows.

        Raises:
            RefusedError: the months have no panel rows; run build_panel.
        """
        from pyspark.ml.regression import RandomForestRegressor
        from pyspark.sql import functions as F

        frame = rows.frame(spark)
        if frame.isEmpty():
            raise RefusedError("No panel rows to train on; run build_panel for those months.")
        learned = as_vectors(frame, self._settings).select(VECTOR, F.col(TARGET).cast("double"))
        regressor = RandomForestRegressor(
            featuresCol=VECTOR,
            labelCol=TARGET,
            predictionCol=PREDICTION,
            numTrees=self._section.trees,
            maxDepth=self._section.max_depth,
            maxBins=self._section.max_bins,
            minInstancesPerNode=self._section.min_rows_per_leaf,
            subsamplingRate=self._section.subsample,
            featureSubsetStrategy=str(self._section.feature_share),
            seed=SEED,
        )
        return Forest(regressor.fit(learned), self._settings)

    def describe(self) -> Mapping[str, object]:
        """Return the parameters in the profile's section ``model.random_forest``."""
        return self._section.model_dump()

    def load(self, folder: Path) -> Forest:
        """Read a fitted forest from a folder of the driver's machine."""
        from pyspark.ml.regression import RandomForestRegressionModel
        from pyspark.sql import SparkSession

        jvm: Any = SparkSession.builder.getOrCreate()._jvm
        trees = jvm.org.apache.spark.ml.regression.RandomForestRegressionModel
        return Forest(
            RandomForestRegressionModel._from_java(trees.read().loadFromLocal(str(folder))),
            self._settings,
        )


def as_vectors(rows: "DataFrame", settings: EstimatorSettings) -> "DataFrame":
    """Add the features as one vector column; Spark's trees take no nulls, so fill the nulls."""
    from pyspark.ml.feature import VectorAssembler
    from pyspark.sql import functions as F

    filling = F.lit(settings.model.random_forest.filling)
    names = [f"{VECTOR}_{i}" for i in range(len(settings.features))]
    filled = {
        name: F.coalesce(F.col(feature).cast("double"), filling)
        for name, feature in zip(names, settings.features, strict=True)
    }
    assembler = VectorAssembler(inputCols=names, outputCol=VECTOR)
    return assembler.transform(rows.withColumns(filled)).drop(*names)
