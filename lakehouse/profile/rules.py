"""Sections of a profile: when a model becomes the champion, and when another one is due."""

from typing import Annotated

from pydantic import Field, PositiveInt, model_validator

from lakehouse.section import Part

Share = Annotated[float, Field(ge=0, le=1)]


class Gate(Part):
    """What a candidate must reach on the backtest's folds; margins are shares of an RMSE.

    Attributes:
        champion_margin: overall, better than the champion by this much at least; 0: no worse.
        naive_margin: overall, better than the best naive forecast by more than this.
        segment_margin: worse than the champion by this much at most in any segment; the first
            model is held against the best naive forecast.
        segment_rows: segments of fewer rows, over all folds, decide nothing.
    """

    champion_margin: Share = 0.0
    naive_margin: Share = 0.0
    segment_margin: Share = 0.05
    segment_rows: PositiveInt = 200


class Retrain(Part):
    """What makes a new model due, judged on the newest month that was scored.

    Attributes:
        age_months: months from the model's cutoff to the lake's, at most.
        error_margin: RMSE above the model's in its backtest by this share at most.
        coverage_low: share of actuals in the 80 % interval, at least.
        coverage_high: the same, at most.
    """

    age_months: PositiveInt = 3
    error_margin: Annotated[float, Field(ge=0)] = 0.2
    coverage_low: Share = 0.72
    coverage_high: Share = 0.88

    @model_validator(mode="after")
    def _ordered(self) -> "Retrain":
        if self.coverage_low >= self.coverage_high:
            raise ValueError(
                f"coverage_low {self.coverage_low} is not below coverage_high {self.coverage_high}"
            )
        return self
