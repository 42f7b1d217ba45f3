"""The section ``model`` of a profile: which estimator learns, and the parameters of each family."""

from typing import Annotated, Any, Literal

from pydantic import Field, PositiveInt, model_validator

from lakehouse.section import Part

Share = Annotated[float, Field(gt=0, le=1)]


class Response(Part):
    """What boosted trees learn of the units of a row: ``(units - base_share × base) / scale``.

    The scale is the greatest of some panel columns, nulls counting as zero, and of the floor.

    Attributes:
        scale: those columns; none: the scale is the floor.
        floor: least scale, units.
        base: a panel column of which a share is taken off first; null in it is zero. Trees cannot
            reach beyond what they learned from: without a base, best sellers that grow are forecast
            too low.
        base_share: that share; below 1, trees keep some distrust of the base.
        weight_power: a row weighs its scale to this power; 2 is the error in units.
    """

    scale: list[str] = Field(default_factory=list)
    floor: Annotated[float, Field(gt=0)] = 1.0
    base: str | None = None
    base_share: Share = 1.0
    weight_power: float = 0.0


class RandomForest(Part):
    """Spark's random forest.

    Attributes:
        filling: what a null feature becomes; below every value, a split can set it apart.
    """

    trees: PositiveInt = 20
    max_depth: Annotated[int, Field(ge=1, le=30)] = 10
    max_bins: Annotated[int, Field(ge=2)] = 32
    min_rows_per_leaf: PositiveInt = 20
    subsample: Share = 0.5
    feature_share: Share = 0.34
    filling: float = -1.0


class BaggedBoosting(Part):
    """scikit-learn's gradient boosting, one model per draw of items, averaged.

    Attributes:
        models: models at most; items beyond what they can hold are not learned from.
        rows_per_model: rows that one worker holds and learns from, about.
    """

    models: PositiveInt = 8
    rows_per_model: PositiveInt = 200_000
    rounds: PositiveInt = 100
    learning_rate: Share = 0.1
    max_leaves: Annotated[int, Field(ge=2)] = 63
    min_rows_per_leaf: PositiveInt = 30


class Intervals(Part):
    """Quantiles: how they are learned, and how they are set right on months not learned from.

    Attributes:
        rounds: of boosting, all quantiles together in each; 0: no intervals.
        max_depth: of a tree.
        min_child_weight: rows in a leaf, at least.
        calibration_months: the last months, which decide on the corrections; with a short history
            a third of its months, and none where it has less than three.
        demand_bounds: upper bounds, included, of the bins of a pair's mean units that are
            corrected apart.
    """

    rounds: Annotated[int, Field(ge=0)] = 60
    max_depth: PositiveInt = 6
    min_child_weight: Annotated[float, Field(ge=0)] = 30
    calibration_months: PositiveInt = 3
    demand_bounds: list[float] = Field(default_factory=lambda: [0, 0.5, 1, 2, 5, 20, 100])

    @model_validator(mode="after")
    def _ordered(self) -> "Intervals":
        if self.demand_bounds != sorted(set(self.demand_bounds)):
            raise ValueError(f"demand_bounds {self.demand_bounds} do not increase")
        return self


class Model(Part):
    """Training: the estimator, the months it learns from, and the boosted trees that are default.

    Attributes:
        estimator: a family's name, or ``package.module:Factory`` of one's own.
        engine: how workers fit boosted trees together: xgboost's own collective over the panel's
            files, or SparkXGBRegressor.
        options: for an estimator of one's own, as it likes.
    """

    first_training_month: Annotated[int, Field(ge=1)] = 3
    estimator: str = "xgboost"
    engine: Literal["collective", "spark"] = "collective"
    rounds: PositiveInt = 100
    max_depth: PositiveInt = 8
    learning_rate: Share = 0.1
    min_child_weight: Annotated[float, Field(ge=0)] = 30
    subsample: Share = 0.8
    colsample_bytree: Share = 0.8
    reg_lambda: Annotated[float, Field(ge=0)] = 1.0
    response: Response = Response()
    intervals: Intervals = Intervals()
    random_forest: RandomForest = RandomForest()
    bagged_boosting: BaggedBoosting = BaggedBoosting()
    options: dict[str, Any] = Field(default_factory=dict)

    def without_intervals(self) -> "Model":
        """Return the same section with no quantiles to fit."""
        none = self.intervals.model_copy(update={"rounds": 0})
        return self.model_copy(update={"intervals": none})
