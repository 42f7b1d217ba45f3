"""State of the API for people: versions, months, scores of past forecasts, uploads."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from lakehouse.forecast_scores import (
    SERVED,
    Models,
    ScoredForecast,
    best_naive,
    read_served_scores,
)
from lakehouse.lake import Lake
from serving.models import MonthText
from serving.page.lake_state import LakeState
from serving.page.months import month_text
from serving.page.schemas import Served
from serving.page.trace import ForecastTrace

LISTED_VERSIONS = 12
LISTED_MONTHS = 12
FIGURES = ("wape", "bias", "coverage")


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
    scored = read_served_scores(lake, FIGURES)
    months = sorted({key.month for key in scored}, reverse=True)[:LISTED_MONTHS]
    newest = sorted(scored, key=lambda key: (key.month, -key.horizon, key.version), reverse=True)
    return [month_score(key, scored[key]) for key in newest if key.month in months]


def month_score(key: ScoredForecast, models: Models) -> MonthScore:
    """Join the score of the served forecasts with the best of the naive ones."""
    served = models[SERVED]
    return MonthScore(
        month=month_text(key.month),
        horizon=key.horizon,
        version=key.version,
        naive_wape=best_naive(models, "wape"),
        **{figure: served[figure] for figure in FIGURES},
    )
