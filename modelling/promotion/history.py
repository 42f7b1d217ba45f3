"""Model history: the promotion decisions in gold.model_history."""

import json
from typing import Any

import pyarrow as pa

from lakehouse.delta import log
from lakehouse.delta.arrow import append_rows, read_table
from lakehouse.finite import finite
from lakehouse.lake import Lake
from lakehouse.tables.gold import MODEL_HISTORY
from modelling.evaluation.segments import ALL
from modelling.promotion.champions import Decision
from modelling.promotion.gate import JUDGED, Scores


def decisions(lake: Lake, horizon: int) -> list[Decision]:
    """Read the decisions of a horizon from gold.model_history, oldest first."""
    if not log.exists(lake, MODEL_HISTORY):
        return []
    found = read_table(lake, MODEL_HISTORY, filters=[("horizon", "=", horizon)])
    rows: list[Decision] = found.sort_by([("decided_at", "ascending")]).to_pylist()
    return rows


def record(lake: Lake, decision: dict[str, Any]) -> None:
    """Append a decision to gold.model_history."""
    append_rows(lake, MODEL_HISTORY, pa.Table.from_pylist([decision], MODEL_HISTORY.schema))


def as_figures(scores: Scores) -> str:
    """Write the errors of all rows and of the judged segments as JSON."""
    judged = {place: errors for place, errors in scores.items() if place[0] in (ALL, *JUDGED)}
    named = {" ".join(place): errors for place, errors in judged.items()}
    return json.dumps(finite(named), allow_nan=False)
