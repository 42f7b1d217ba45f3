"""Model history: gold.model_history, whose newest decision about a horizon names the champion."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from math import isfinite

import pyarrow as pa

from lakehouse.delta import log
from lakehouse.delta.arrow import append_rows, read_table
from lakehouse.finite import finite
from lakehouse.lake import Lake
from lakehouse.tables.gold import ALL_ROWS, MODEL_HISTORY
from modelling.promotion.gate import CANDIDATE, EVERY_ROW, JUDGED, Scores

PROMOTED, FORCED, REFUSED, ROLLED_BACK = "promoted", "forced", "refused", "rolled back"
# Not stored: the candidate is the champion already.
UP_TO_DATE = "up to date"


@dataclass(frozen=True)
class Decision:
    """A row of gold.model_history.

    Attributes:
        decided_at: time of the decision; later than every earlier decision about the horizon.
        horizon: months from cutoff to target month.
        decision: ``promoted``, ``forced``, ``refused`` or ``rolled back``. Earlier programs also
            wrote ``found``, for a champion that someone had chosen in MLflow.
        candidate: the registered version that was decided about.
        champion: the champion before the decision; None: no champion.
        champion_after: the champion after the decision; None: no champion.
        reason: the reason in sentences.
        figures: errors of each contender by segment, JSON; None: nothing was compared.
        inputs: digest of the compared recipes and of the rules; empty: nothing was compared.
    """

    decided_at: datetime
    horizon: int
    decision: str
    candidate: str
    champion: str | None
    champion_after: str | None
    reason: str
    figures: str | None = None
    inputs: str = ""

    @property
    def summary(self) -> dict[str, object]:
        """The decision's part of the result line; ``champion``: the champion after the decision."""
        return {
            "decision": self.decision,
            "candidate": self.candidate,
            "champion": self.champion_after,
            "reason": self.reason,
            "errors": None if self.figures is None else json.loads(self.figures),
        }


def decisions(lake: Lake, horizon: int) -> list[Decision]:
    """Read the decisions about a horizon from gold.model_history, oldest first."""
    if not log.exists(lake, MODEL_HISTORY):
        return []
    stored = read_table(lake, MODEL_HISTORY, filters=[("horizon", "=", horizon)])
    return [Decision(**row) for row in stored.sort_by("decided_at").to_pylist()]


def draft(history: Sequence[Decision], horizon: int, candidate: str, now: datetime) -> Decision:
    """Draft the refusal of a candidate, which leaves the champion unchanged.

    ``decided_at`` orders the history: the draft is later than the newest decision even if the clock
    went back.
    """
    before = history[-1:]
    champion = before[0].champion_after if before else None
    at = max([now, *(decision.decided_at + timedelta(microseconds=1) for decision in before)])
    return Decision(at, horizon, REFUSED, candidate, champion, champion, reason="")


def append_decision(lake: Lake, decision: Decision) -> None:
    """Append a decision to gold.model_history."""
    row = pa.Table.from_pylist([asdict(decision)], MODEL_HISTORY.schema)
    append_rows(lake, MODEL_HISTORY, row)


def as_figures(scores: Scores) -> str:
    """Write the errors of all rows and of the judged segments as JSON."""
    judged = {place: errors for place, errors in scores.items() if place[0] in (ALL_ROWS, *JUDGED)}
    named = {" ".join(place): errors for place, errors in judged.items()}
    return json.dumps(finite(named), allow_nan=False)


def expected_error(history: Sequence[Decision], version: str) -> float | None:
    """Find a version's RMSE, units, in its newest decision with figures; None: no finite RMSE."""
    key = " ".join(EVERY_ROW)
    for decision in reversed(history):
        if decision.candidate == version and decision.figures:
            rmse: float | None = json.loads(decision.figures)[key][CANDIDATE]["rmse"]
            return rmse if rmse is not None and isfinite(rmse) else None
    return None
