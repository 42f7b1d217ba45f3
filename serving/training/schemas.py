"""Schemas of requests and answers of /train, shown in the OpenAPI document."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from serving.training.run import Options, Progress, Run, RunState
from serving.training.steps import FORECAST, PROMOTE

LONGEST = 12
Family = Literal["xgboost", "random_forest", "bagged_boosting"]
NEXT_STEP = "Run jobs.forecast, which publishes forecasts of the champions."


class TrainingOptions(BaseModel):
    """What to train; every option has a default."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"horizons": [1, 2, 3]}}
    )

    horizons: Annotated[
        list[Annotated[int, Field(ge=1, le=LONGEST)]],
        Field(min_length=1, max_length=LONGEST, description="months from cutoff to target month"),
    ] = [1]
    estimator: Annotated[
        Family | None, Field(description="family of models; null: the profile's")
    ] = None
    then_forecast: Annotated[
        bool, Field(description="whether to publish forecasts once the gate has accepted")
    ] = False

    def to_options(self) -> Options:
        """Return the options in the form that is stored: horizons once each, ascending."""
        return Options(tuple(sorted(set(self.horizons))), self.estimator, self.then_forecast)


class GateDecision(BaseModel):
    """The decision of the gate about the candidate of a horizon."""

    horizon: Annotated[int, Field(description="months from cutoff to target month")]
    decision: Annotated[
        str, Field(description="promoted, refused or up to date", examples=["promoted"])
    ]
    candidate: Annotated[str, Field(description="registered version of the new model")]
    champion: Annotated[
        str | None, Field(description="champion after the decision; null: none yet")
    ]
    reason: Annotated[str, Field(description="the checks that decided")]
    errors: Annotated[
        dict[str, dict[str, dict[str, float | None]]] | None,
        Field(
            description="segment of rows → candidate, champion and naive forecasts → rows, RMSE "
            "and other errors on the same past months; null: nothing was compared"
        ),
    ] = None


class Training(BaseModel):
    """A run of training."""

    id: Annotated[
        str, Field(description="first 32 hexadecimal digits of the SHA-256 of the Idempotency-Key")
    ]
    state: Annotated[
        RunState,
        Field(description="succeeded, refused, failed and cancelled are final"),
    ]
    step: Annotated[
        str | None,
        Field(description="command that runs or ran last; null: none yet", examples=["jobs.train"]),
    ]
    options: TrainingOptions
    asked_by: Annotated[str, Field(description="holder of the key")]
    asked_at: Annotated[datetime, Field(description="first use of the Idempotency-Key")]
    started_at: Annotated[datetime | None, Field(description="null: not started")]
    ended_at: Annotated[datetime | None, Field(description="null: not ended")]
    reason: Annotated[
        str | None, Field(description="why the run did not succeed; null: it did, or is not ended")
    ]
    gate: Annotated[
        list[GateDecision], Field(description="by horizon; empty: the gate has not decided")
    ]
    forecast_version: Annotated[
        str | None, Field(description="version published; null: none was asked for, or not yet")
    ]
    next_step: Annotated[
        str | None, Field(description="what brings the new model into forecasts; null: nothing")
    ]
    log: Annotated[list[str], Field(description="last lines of the log; empty in lists")]

    @classmethod
    def of(cls, run: Run, progress: Progress, log: Sequence[str] = ()) -> "Training":
        """Describe a run."""
        forecast = progress.results.get(FORECAST, {}).get("version")
        waits = progress.state == RunState.SUCCEEDED and not run.options.then_forecast
        return cls(
            id=run.id,
            state=progress.state,
            step=progress.step,
            options=TrainingOptions.model_validate(vars(run.options)),
            asked_by=run.asked_by,
            asked_at=run.asked_at,
            started_at=progress.started_at,
            ended_at=progress.ended_at,
            reason=progress.reason,
            gate=decisions_of(progress.results.get(PROMOTE, {})),
            forecast_version=None if forecast is None else str(forecast),
            next_step=NEXT_STEP if waits else None,
            log=list(log),
        )


class TrainingList(BaseModel):
    """Runs of training, newest first, without their logs."""

    trainings: list[Training]


def decisions_of(result: Mapping[str, object]) -> list[GateDecision]:
    """Read the gate's decisions from the result line of jobs.promote."""
    horizons = result.get("horizons")
    decisions = horizons.items() if isinstance(horizons, dict) else ()
    return [GateDecision(horizon=int(horizon), **fields) for horizon, fields in decisions]


KEY: dict[str, Any] = {
    "in": "header",
    "name": "Idempotency-Key",
    "description": "names the run, bare or quoted; the same key is the same run",
    "required": True,
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}
TEXT = {"schema": {"type": "string"}}
LOCATION = {"Location": {"description": "path of the run", **TEXT}}
BUSY = {
    "Link": {"description": "path of the run that is not ended", **TEXT},
    "Retry-After": {"$ref": "#/components/headers/RetryAfter"},
}
