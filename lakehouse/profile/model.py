"""Profile section ``model``: the estimator, and the parameters of each estimator family."""

from typing import Annotated, Any, Literal

from pydantic import Field, PositiveInt, model_validator

from lakehouse.section import Section

Share = Annotated[float, Field(gt=0, le=1)]


class ResponseConfig(Section):
    """The training target of boosted trees: ``(units - base) / scale``.

    A row's scale is the maximum of some panel columns (null counts as zero) and of the floor.

    Attributes:
        scale: names of the panel columns; empty: the scale is the floor.
        floor: smallest scale, units.
        base: panel column → weight; a row's base is the weighted sum, null counts as zero. Trees
            cannot forecast beyond their training targets: without a base, growing best sellers are
            forecast too low. With weights that sum to less than 1, the trees rely less on the base.
        weight_power: a row's weight is its scale to this power; with 2, training minimises the
            error in units.
    """

    scale: list[str] = Field(default_factory=list)
    floor: Annotated[float, Field(gt=0)] = 1.0
    base: dict[str, Share] = Field(default_factory=dict)
    weight_power: float = 0.0

    @model_validator(mode="before")
    @classmethod
    def _of_one_column(cls, given: Any) -> Any:
        """Read a section that an earlier program stored: one column, and the share of it."""
        if not isinstance(given, dict) or isinstance(given.get("base", {}), dict):
            return given
        others = {name: value for name, value in given.items() if name != "base_share"}
        one = {} if given["base"] is None else {given["base"]: given.get("base_share", 1.0)}
        return {**others, "base": one}


class RandomForestConfig(Section):
    """Parameters of Spark's random forest.

    Attributes:
        trees: number of trees.
        max_depth: greatest depth of a tree.
        max_bins: greatest number of bins into which a feature's values are sorted.
        min_rows_per_leaf: smallest number of rows in a leaf.
        subsample: share of the rows that a tree learns from.
        feature_share: share of the features that a split chooses from.
        filling: value that replaces a null feature; below all values, so that a split can separate
            nulls.
    """

    trees: PositiveInt = 20
    max_depth: Annotated[int, Field(ge=1, le=30)] = 10
    max_bins: Annotated[int, Field(ge=2)] = 32
    min_rows_per_leaf: PositiveInt = 20
    subsample: Share = 0.5
    feature_share: Share = 0.34
    filling: float = -1.0


class BaggedBoostingConfig(Section):
    """Parameters of scikit-learn's gradient boosting: one model per hash bucket of items, averaged.

    Attributes:
        models: greatest number of models; items in further buckets are not used in training.
        rows_per_model: about how many rows one worker holds and trains one model on.
        rounds: number of trees of a model.
        learning_rate: share of a tree's correction that is added to the forecast.
        max_leaves: greatest number of leaves of a tree.
        min_rows_per_leaf: smallest number of rows in a leaf.
    """

    models: PositiveInt = 8
    rows_per_model: PositiveInt = 200_000
    rounds: PositiveInt = 100
    learning_rate: Share = 0.1
    max_leaves: Annotated[int, Field(ge=2)] = 63
    min_rows_per_leaf: PositiveInt = 30


class IntervalsConfig(Section):
    """Parameters of the quantile model and of its calibration on held-out months.

    Attributes:
        rounds: boosting rounds, each fitting all quantiles; 0: no intervals.
        max_depth: greatest depth of a tree.
        min_child_weight: smallest number of rows in a leaf.
        calibration_months: number of last months held out for calibration; a short history holds
            out a third of its months, and none if the history is shorter than three months.
        demand_bounds: upper bounds (included) of the bins of a pair's mean units; each bin is
            calibrated separately.
    """

    rounds: Annotated[int, Field(ge=0)] = 60
    max_depth: PositiveInt = 6
    min_child_weight: Annotated[float, Field(ge=0)] = 30
    calibration_months: PositiveInt = 3
    demand_bounds: list[float] = Field(default_factory=lambda: [0, 0.5, 1, 2, 5, 20, 100])

    @model_validator(mode="after")
    def _ordered(self) -> "IntervalsConfig":
        if self.demand_bounds != sorted(set(self.demand_bounds)):
            raise ValueError(f"demand_bounds {self.demand_bounds} do not increase")
        return self


class ModelConfig(Section):
    """Training parameters: the estimator, its training months, and the default boosted trees.

    Attributes:
        first_training_month: models learn from this month of the lake's history on, the first
            month being 0; earlier months have no history to learn from.
        estimator: name of a family, or ``package.module:Factory`` of a custom estimator.
        engine: always ``collective``, xgboost's collective over the panel's files. The key stays so
            that profiles, recipes and digests of models stay valid.
        rounds: number of boosted trees.
        max_depth: greatest depth of a tree.
        learning_rate: share of a tree's correction that is added to the forecast.
        min_child_weight: smallest sum of row weights in a leaf; rows weigh 1 without a response.
        subsample: share of the rows that a tree learns from.
        colsample_bytree: share of the features that a tree chooses from.
        reg_lambda: L2 penalty on the values of leaves.
        response: what boosted trees learn from a row's units.
        intervals: quantiles and their calibration.
        random_forest: parameters of the family ``random_forest``.
        bagged_boosting: parameters of the family ``bagged_boosting``.
        options: free options of a custom estimator.
    """

    first_training_month: Annotated[int, Field(ge=1)] = 3
    estimator: str = "xgboost"
    engine: Literal["collective"] = "collective"
    rounds: PositiveInt = 100
    max_depth: PositiveInt = 8
    learning_rate: Share = 0.1
    min_child_weight: Annotated[float, Field(ge=0)] = 30
    subsample: Share = 0.8
    colsample_bytree: Share = 0.8
    reg_lambda: Annotated[float, Field(ge=0)] = 1.0
    response: ResponseConfig = ResponseConfig()
    intervals: IntervalsConfig = IntervalsConfig()
    random_forest: RandomForestConfig = RandomForestConfig()
    bagged_boosting: BaggedBoostingConfig = BaggedBoostingConfig()
    options: dict[str, Any] = Field(default_factory=dict)

    def without_intervals(self) -> "ModelConfig":
        """Return a copy of the section that fits no quantiles."""
        none = self.intervals.model_copy(update={"rounds": 0})
        return self.model_copy(update={"intervals": none})
