"""Scores: errors of one model's forecasts of the rows of one segment value in one month."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

# The source of actual units, unless other files were given.
LAKE = "lake"


@dataclass(frozen=True, kw_only=True)
class Score:
    """Errors of one model on some rows; ``metrics.METRICS`` defines the errors.

    Attributes:
        month: target month.
        segment: name of the segment.
        value: value of the segment.
        model: name of the estimator or of the naive baseline.
    """

    month: date
    segment: str
    value: str
    model: str
    rows: int
    volume: float
    rmse: float
    mae: float
    bias: float
    wape: float | None = None
    coverage: float | None = None
    pinball_p10: float | None = None
    pinball_p50: float | None = None
    pinball_p90: float | None = None
    pinball_p95: float | None = None

    def metric(self, name: str) -> float | None:
        """Return a metric by its name; None: not defined for this model or these rows."""
        value: float | None = getattr(self, name)
        return value


@dataclass(frozen=True, kw_only=True)
class FoldScore(Score):
    """A score of a backtest's fold.

    Attributes:
        horizon: months from cutoff to target month.
        cutoff: last month whose sales were visible.
        actuals: source of the actual units: ``lake``, or the names of other files.
    """

    horizon: int
    cutoff: date
    actuals: str = LAKE


Scores = Sequence[Score]
