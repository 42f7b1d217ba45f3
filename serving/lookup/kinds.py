"""Kinds: what forecasts of one version share, so that a forecast stores only a kind's number."""

from dataclasses import dataclass
from datetime import date, datetime

import orjson

# The last member of a forecast's JSON object: null but for the few cells that planners changed.
OVERRIDE = "override"
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
        text = orjson.dumps({**members, OVERRIDE: None}, option=orjson.OPT_UTC_Z)
        return text[1:]


def with_override(tail: bytes, override: bytes) -> bytes:
    """Return a kind's tail with an override, a JSON object, in the place of null."""
    return b"%s%s}" % (tail.removesuffix(b"null}"), override)
