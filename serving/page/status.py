"""State of the API for people: versions, months, scores of past forecasts, uploads."""

from datetime import date, datetime
from typing import Annotated, Literal

import pyarrow.compute as pc
from pydantic import BaseModel, Field

from lakehouse.delta import log
from lakehouse.delta.arrow import read_table
from lakehouse.lake import Lake
from lakehouse.tables.gold import FORECAST_SCORES
from serving.models import MonthText
from serving.page.lake_state import LakeState
from serving.page.months import month_text
from serving.page.schemas import Served
from serving.page.trace import ForecastTrace

SERVED = "served"
LISTED_VERSIONS = 12
LISTED_MONTHS = 12
FIGURES = ("version", "month", "horizon", "model", "wape", "bias", "coverage")


class VersionState(BaseModel):
    """A forecast version."""

    version: str
    cutoff: Annotated[MonthText, Field(description="last month whose sales were visible")]
    rows: Annotated[int, Field(description="forecasts in the version")]
    status: Literal["published", "withdrawn"]
    published_at: datetime


class MonthScore(BaseModel):
    """How good the forecasts of a month were, over all shops and items."""

    month: MonthText
    horizon: Annotated[int, Field(description="months from cutoff to target month")]
    version: Annotated[str, Field(description="forecast version that was scored")]
    wape: Annotated[
        float | None, Field(description="absolute errors by units sold; null: nothing was sold")
    ]
    naive_wape: Annotated[
        float | None, Field(description="wape of the best naive forecast of the same rows")
    ]
    bias: Annotated[float, Field(description="mean of forecast minus actual, units")]
    coverage: Annotated[
        float | None, Field(description="share of actuals within p10 and p90; null: no intervals")
    ]


class UploadState(BaseModel):
    """How far an upload is."""

    id: str
    what: str
    state: str
    first_used_at: datetime
    read: int
    accepted: int
    rejected: int


class Status(BaseModel):
    """What is served, how fresh the data are, how good forecasts were, and what was sent."""

    served: Annotated[Served | None, Field(description="null: nothing is served")]
    fault: Annotated[
        str | None,
        Field(description="why nothing newer could be read; null: the last look went well"),
    ]
    last_closed: Annotated[MonthText | None, Field(description="null: no month is closed")]
    open_month: Annotated[MonthText | None, Field(description="null: no month is open")]
    versions: Annotated[list[VersionState], Field(description="newest first")]
    scores: Annotated[list[MonthScore], Field(description="newest month first")]
    trace: Annotated[
        ForecastTrace | None,
        Field(description="how the served forecasts were made; null: not recorded"),
    ]
    override_reasons: Annotated[list[str], Field(description="reasons that planners may give")]
    uploads: Annotated[list[UploadState], Field(description="newest first")]


def version_states(state: LakeState) -> list[VersionState]:
    """Return the last forecast versions, newest first."""
    return [
        VersionState(
            version=version.version,
            cutoff=month_text(version.cutoff),
            rows=version.rows,
            status="published" if version.status == "published" else "withdrawn",
            published_at=version.published_at,
        )
        for version in state.versions[:LISTED_VERSIONS]
    ]


def read_scores(lake: Lake) -> list[MonthScore]:
    """Read the scores of the last months with scores, newest first; empty: nothing was scored."""
    if not log.exists(lake, FORECAST_SCORES):
        return []
    rows = read_table(lake, FORECAST_SCORES, FIGURES, [("segment", "=", "all")])
    months = sorted(set(rows["month"].to_pylist()), reverse=True)[:LISTED_MONTHS]
    by_forecast: dict[tuple[date, int, str], dict[str, dict[str, object]]] = {}
    for row in rows.filter(pc.field("month").isin(months)).to_pylist():
        key = row["month"], -row["horizon"], row["version"]
        by_forecast.setdefault(key, {})[row["model"]] = row
    return [
        month_score(models)
        for _, models in sorted(by_forecast.items(), reverse=True)
        if SERVED in models
    ]


def month_score(models: dict[str, dict[str, object]]) -> MonthScore:
    """Join the score of the served forecasts with the best of the naive ones."""
    served = dict(models[SERVED])
    naive = [row["wape"] for model, row in models.items() if model != SERVED]
    known = [wape for wape in naive if isinstance(wape, float)]
    month = served.pop("month")
    assert isinstance(month, date)
    return MonthScore.model_validate(
        {**served, "month": month_text(month), "naive_wape": min(known, default=None)}
    )
