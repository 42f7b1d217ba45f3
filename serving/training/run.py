"""A run of training: what was asked, and how far the run is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class RunState(StrEnum):
    """How far a run is; ``refused``: the gate, or a command that found the data not fit."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    REFUSED = "refused"
    FAILED = "failed"
    CANCELLED = "cancelled"


ENDED = frozenset({RunState.SUCCEEDED, RunState.REFUSED, RunState.FAILED, RunState.CANCELLED})


@dataclass(frozen=True)
class Options:
    """What a run trains.

    Attributes:
        horizons: months from cutoff to target month, ascending.
        estimator: family of models; None: the profile's.
        then_forecast: whether forecasts are published after a promotion.
    """

    horizons: tuple[int, ...] = (1,)
    estimator: str | None = None
    then_forecast: bool = False


@dataclass(frozen=True)
class Run:
    """A run as it was asked for.

    Attributes:
        id: public id, made from the Idempotency-Key.
        options: what the run trains.
        asked_by: name of the key's holder.
        asked_at: first use of the Idempotency-Key, UTC.
    """

    id: str
    options: Options
    asked_by: str
    asked_at: datetime


@dataclass(frozen=True)
class Progress:
    """How far a run is.

    Attributes:
        state: of the run.
        step: the command that runs, or that ran last; None: none has started.
        started_at: start of the first step, UTC; None: not started.
        ended_at: end of the run, UTC; None: not ended.
        reason: why the run was refused, failed or was cancelled; None: it was not.
        results: command → fields of the command's result line.
    """

    state: RunState = RunState.QUEUED
    step: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    reason: str | None = None
    results: Mapping[str, Mapping[str, object]] = field(default_factory=dict)

    @property
    def is_ended(self) -> bool:
        """Whether the run has its final state."""
        return self.state in ENDED
