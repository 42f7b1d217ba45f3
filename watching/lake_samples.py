"""Samples of the lake: what Prometheus shows of gold tables, read without Spark."""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from typing import NamedTuple

import pyarrow.compute as pc

from feature_store.skew.results import read_unresolved
from lakehouse.delta import log
from lakehouse.delta.arrow import read_table
from lakehouse.forecast_scores import SERVED, Models, best_naive, read_served_scores
from lakehouse.forecast_versions import read_forecast_versions
from lakehouse.job_runs import KILLED, RUNNING, JobRun, read_job_runs
from lakehouse.lake import Lake
from lakehouse.profile.stored import stored_profile
from lakehouse.tables.bronze import REJECTED_SALES, SALES_EVENTS
from lakehouse.tables.gold import (
    DRIFT,
    FEATURE_SKEW,
    FORECAST_SCORES,
    FORECAST_VERSIONS,
    MODEL_HISTORY,
)
from lakehouse.tables.runs import JOB_RUNS
from lakehouse.tables.silver import MONTHS
from modelling.promotion.history import Decision, decisions, expected_error
from watching import lake_metrics as metrics
from watching.metric import Metric

WATCHED = (
    MONTHS,
    FORECAST_VERSIONS,
    FORECAST_SCORES,
    MODEL_HISTORY,
    FEATURE_SKEW,
    DRIFT,
    JOB_RUNS,
    SALES_EVENTS,
    REJECTED_SALES,
)
NAIVE, BACKTEST = "naive", "backtest"
SCORES = ("wape", "rmse", "bias", "coverage", "scored_at")
# Outcomes of a command that ask for a person; a refusal and an interruption say why themselves.
FAILED = ("failed", KILLED)


class Sample(NamedTuple):
    """A value of a metric.

    Attributes:
        metric: the metric.
        labels: a value for each label.
        value: the value.
    """

    metric: Metric
    labels: tuple[str, ...]
    value: float


def read_state(lake: Lake) -> str:
    """Return what changes whenever one of the tables ``WATCHED`` has changed.

    Raises:
        LakeError: there is no lake, or its object store does not answer.
    """
    lake.require_store()
    stored_profile(lake)
    return log.digest([(table.path, log.table_state(lake, table)) for table in WATCHED])


def read_samples(lake: Lake) -> list[Sample]:
    """Read all samples of a lake; tables that were never created have none."""
    runs = read_job_runs(lake)
    return [
        *of_months(lake),
        *of_versions(lake),
        *of_scores(lake),
        *of_champions(lake),
        *of_skew(lake),
        *of_drift(lake),
        *of_sales(lake),
        *of_runs(runs),
        *of_retraining(runs),
    ]


def unix(moment: date) -> float:
    """Return a moment, or the beginning of a day (UTC), as seconds since 1970."""
    if isinstance(moment, datetime):
        return moment.timestamp()
    return datetime(moment.year, moment.month, moment.day, tzinfo=UTC).timestamp()


def of_months(lake: Lake) -> Iterator[Sample]:
    """Yield the last closed month."""
    if not log.exists(lake, MONTHS):
        return
    closed = read_table(lake, MONTHS, ("month",), [("status", "=", "closed")])["month"]
    if len(closed):
        yield Sample(metrics.CLOSED_MONTH, (), unix(pc.max(closed).as_py()))


def of_versions(lake: Lake) -> Iterator[Sample]:
    """Yield the newest published version."""
    if not log.exists(lake, FORECAST_VERSIONS):
        return
    newest = next((v for v in read_forecast_versions(lake) if v.is_published), None)
    if newest is not None:
        yield Sample(metrics.FORECAST_CUTOFF, (), unix(newest.cutoff))
        yield Sample(metrics.FORECAST_PUBLISHED, (), unix(newest.published_at))
        yield Sample(metrics.FORECAST_ROWS, (), newest.rows)


def of_scores(lake: Lake) -> Iterator[Sample]:
    """Yield the errors in the newest scored month of each horizon, of the newest version."""
    scored = read_served_scores(lake, SCORES)
    newest = {key.horizon: models for key, models in sorted(scored.items())}
    for horizon, models in newest.items():
        yield from of_forecast(str(horizon), models)


def of_forecast(horizon: str, models: Models) -> Iterator[Sample]:
    """Yield the errors of a version's forecasts of a month, beside the best naive ones."""
    served = models[SERVED]
    yield Sample(metrics.SCORED_MONTH, (horizon,), unix(served["month"]))
    yield Sample(metrics.SCORED_AT, (horizon,), unix(served["scored_at"]))
    yield Sample(metrics.SCORE_BIAS, (horizon,), served["bias"])
    if served["coverage"] is not None:
        yield Sample(metrics.SCORE_COVERAGE, (horizon,), served["coverage"])
    for metric, name in ((metrics.SCORE_WAPE, "wape"), (metrics.SCORE_RMSE, "rmse")):
        for forecaster, error in ((SERVED, served[name]), (NAIVE, best_naive(models, name))):
            if error is not None:
                yield Sample(metric, (horizon, forecaster), error)


def of_champions(lake: Lake) -> Iterator[Sample]:
    """Yield since when each horizon has its champion, and the champion's error in its backtest."""
    count = 0
    for horizon in decided_horizons(lake):
        history = decisions(lake, horizon)
        champion = history[-1].champion_after
        if champion is None:
            continue
        count += 1
        since = chosen_at(history, champion)
        yield Sample(metrics.CHAMPION_SINCE, (str(horizon),), unix(since))
        rmse = expected_error(history, champion)
        if rmse is not None:
            yield Sample(metrics.SCORE_RMSE, (str(horizon), BACKTEST), rmse)
    yield Sample(metrics.CHAMPIONS, (), count)


def decided_horizons(lake: Lake) -> list[int]:
    """Return the horizons that decisions were made about, ascending."""
    if not log.exists(lake, MODEL_HISTORY):
        return []
    horizons: list[int] = read_table(lake, MODEL_HISTORY, ("horizon",))["horizon"].to_pylist()
    return sorted(set(horizons))


def chosen_at(history: Sequence[Decision], champion: str) -> datetime:
    """Return when the present champion was chosen: the decision after the last other champion."""
    since = history[-1].decided_at
    for decision in reversed(history):
        if decision.champion_after != champion:
            break
        since = decision.decided_at
    return since


def of_skew(lake: Lake) -> Iterator[Sample]:
    """Yield the time of the last check, and the columns found different and not rebuilt since."""
    if not log.exists(lake, FEATURE_SKEW):
        return
    checks = read_table(lake, FEATURE_SKEW, ("checked_at",))["checked_at"]
    if len(checks):
        yield Sample(metrics.SKEW_CHECKED_AT, (), unix(pc.max(checks).as_py()))
        yield Sample(metrics.SKEW, (), len(read_unresolved(lake)))


def of_drift(lake: Lake) -> Iterator[Sample]:
    """Yield the time of the last drift check, and how many columns had drifted."""
    if not log.exists(lake, DRIFT):
        return
    rows = read_table(lake, DRIFT, ("checked_at", "is_drifted"))
    if len(rows):
        last = pc.max(rows["checked_at"])
        drifted = rows.filter(pc.equal(rows["checked_at"], last))["is_drifted"]
        yield Sample(metrics.DRIFT_CHECKED_AT, (), unix(last.as_py()))
        yield Sample(metrics.DRIFT, (), pc.sum(drifted).as_py() or 0)


def of_sales(lake: Lake) -> Iterator[Sample]:
    """Yield how many records of sales there are, and how many were rejected."""
    for metric, table in (
        (metrics.SALES_EVENTS, SALES_EVENTS),
        (metrics.REJECTED_SALES, REJECTED_SALES),
    ):
        if log.exists(lake, table):
            yield Sample(metric, (), log.row_count(lake, table))


def of_runs(runs: Sequence[JobRun]) -> Iterator[Sample]:
    """Yield when the last run of each command ended, and whether it failed."""
    for run in last_ended(runs):
        ended_at = run.ended_at or run.started_at
        yield Sample(metrics.JOB_ENDED_AT, (run.command,), unix(ended_at))
        yield Sample(metrics.JOB_FAILED, (run.command,), float(run.status in FAILED))


def last_ended(runs: Sequence[JobRun]) -> list[JobRun]:
    """Return the newest ended run of each command; ``runs``: the newest first."""
    newest: dict[str, JobRun] = {}
    for run in runs:
        if run.status != RUNNING:
            newest.setdefault(run.command, run)
    return [newest[name] for name in sorted(newest)]


def of_retraining(runs: Sequence[JobRun]) -> Iterator[Sample]:
    """Yield whether the last scoring found that a new model is due."""
    for run in runs:
        result = json.loads(run.result or "{}")
        if run.command == "score_forecasts" and "retrain_due" in result:
            yield Sample(metrics.RETRAIN_DUE, (), float(result["retrain_due"]))
            yield Sample(metrics.RETRAIN_JUDGED_AT, (), unix(run.ended_at or run.started_at))
            return
