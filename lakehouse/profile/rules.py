"""Profile sections ``gate`` and ``retrain``: rules for promoting and for retraining a model."""

from typing import Annotated

from pydantic import Field, PositiveInt, model_validator

from lakehouse.section import Section

Share = Annotated[float, Field(ge=0, le=1)]


class Gate(Section):
    """The conditions for promoting a candidate, judged by RMSE on the backtest's folds.

    Attributes:
        champion_margin: smallest overall improvement on the champion, as a share of the champion's
            RMSE; 0: no worse.
        naive_margin: overall improvement on the best naive forecast that the candidate must
            exceed, as a share of the naive RMSE.
        segment_margin: greatest deterioration in any segment, as a share of the champion's RMSE;
            without a champion, of the best naive forecast's RMSE.
        segment_rows: segments with fewer rows, over all folds, are ignored.
    """

    champion_margin: Share = 0.0
    naive_margin: Share = 0.0
    segment_margin: Share = 0.05
    segment_rows: PositiveInt = 200


class Retrain(Section):
    """The limits beyond which a new model is due, judged on the newest scored month.

    Attributes:
        age_months: greatest number of months from the model's cutoff to the lake's cutoff.
        error_margin: greatest excess of the RMSE over the model's backtest RMSE, as a share of
            the backtest RMSE.
        coverage_low: smallest share of actuals in the 80 % interval.
        coverage_high: greatest share of actuals in the 80 % interval. Intervals of counts hold
            more than 80 %, and of pairs that seldom sell nearly all, so 1 by default.
    """

    age_months: PositiveInt = 3
    error_margin: Annotated[float, Field(ge=0)] = 0.2
    coverage_low: Share = 0.72
    coverage_high: Share = 1.0

    @model_validator(mode="after")
    def _ordered(self) -> "Retrain":
        if self.coverage_low >= self.coverage_high:
            raise ValueError(
                f"coverage_low {self.coverage_low} is not below coverage_high {self.coverage_high}"
            )
        return self
