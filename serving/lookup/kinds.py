"""Kinds: what forecasts of one version share, so that a forecast stores only a kind's number."""

from dataclasses import dataclass
from datetime import date, datetime

import orjson

KIND_COLUMNS = ("month", "horizon", "rung", "model", "generated_at")


@dataclass(frozen=True, order=True)
class Kind:
    """The columns ``KIND_COLUMNS`` of gold.forecasts.

    Attributes:
        month: target month, first day.
        horizon: months from cutoff to target month.
        rung: history that the forecast rests on.
        model: MLflow run that made the model.
        generated_at: when the forecast was computed, UTC.
    """

    month: date
    horizon: int
    rung: str
    model: str
    generated_at: datetime

    @property
    def head(self) -> bytes:
        """The members of a forecast's JSON object before the numbers, with the brace."""
        return b'{"month":"%s","horizon":%d,' % (f"{self.month:%Y-%m}".encode(), self.horizon)

    @property
    def tail(self) -> bytes:
        """The members of a forecast's JSON object after the numbers, with the brace."""
        members = {"rung": self.rung, "model": self.model, "generated_at": self.generated_at}
        return orjson.dumps(members, option=orjson.OPT_UTC_Z)[1:]
