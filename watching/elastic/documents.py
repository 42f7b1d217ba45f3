"""Documents of the lake: rows of gold tables as Elasticsearch keeps them."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from lakehouse.delta import log
from lakehouse.delta.arrow import read_batches
from lakehouse.ecs import ECS_VERSION
from lakehouse.job_runs import KILLED, read_job_runs
from lakehouse.lake import Lake
from lakehouse.table import Table
from lakehouse.tables import gold
from watching.elastic.fields import BACKTESTS, JOB_RUNS, SCORES, Index

SERVICE = "shopcast"
Document = dict[str, Any]
# Of a row of scores: copied as they are.
MEASURES = ("rows", "volume", "rmse", "mae", "bias", "wape", "coverage")
OUTCOMES = {"done": "success", "failed": "failure", KILLED: "failure"}


def base(index: Index, at: date | datetime) -> Document:
    """Return the fields that every document has."""
    return {
        "@timestamp": at.isoformat(),
        "ecs": {"version": ECS_VERSION},
        "event": {"dataset": index.name},
        "service": {"name": SERVICE},
    }


def action(index: str, parts: tuple[object, ...], document: Document) -> Document:
    """Return an action of the bulk interface: what is written again takes the same place."""
    return {"_index": index, "_id": ":".join(map(str, parts)), "_source": document}


def scores(lake: Lake) -> Iterator[Document]:
    """Yield a document for each row of gold.forecast_scores."""
    for row in rows_of(lake, gold.FORECAST_SCORES):
        document = base(SCORES, row["month"])
        names = ("version", "horizon", "segment", "value", "run")
        document["shopcast"] = {
            **{name: row[name] for name in names},
            **measures(row),
            "forecaster": row["model"],
            "scored_at": row["scored_at"].isoformat(),
        }
        parts = tuple(row[name] for name in gold.FORECAST_SCORES.key)
        yield action(f"{SCORES.name}-1", parts, document)


def backtests(lake: Lake) -> Iterator[Document]:
    """Yield a document for each row of gold.backtests."""
    for row in rows_of(lake, gold.BACKTESTS):
        document = base(BACKTESTS, row["month"])
        names = ("run", "spine", "horizon", "actuals", "segment", "value")
        document["shopcast"] = {
            **{name: row[name] for name in names},
            **measures(row),
            "forecaster": row["model"],
            "cutoff": row["cutoff"].isoformat(),
        }
        parts = tuple(row[name] for name in gold.BACKTESTS.key)
        yield action(f"{BACKTESTS.name}-1", parts, document)


def job_runs(lake: Lake) -> Iterator[Document]:
    """Yield a document for each run of a command."""
    for run in read_job_runs(lake):
        document = base(JOB_RUNS, run.started_at)
        document["event"] |= {
            "start": run.started_at.isoformat(),
            "end": run.ended_at.isoformat() if run.ended_at else None,
            "duration": None if run.seconds is None else int(run.seconds * 1e9),
            "outcome": OUTCOMES.get(run.status, "unknown"),
        }
        document["process"] = {"command_line": run.arguments, "exit_code": run.exit_code}
        document["service"] |= {"version": run.program}
        names = ("run", "parent", "command", "status", "rows", "result")
        document["shopcast"] = {name: getattr(run, name) for name in names}
        yield action(f"{JOB_RUNS.name}-1", (run.run,), document)


def rows_of(lake: Lake, table: Table) -> Iterator[Mapping[str, Any]]:
    """Yield the rows of a table, batch by batch; none if the table does not exist."""
    if log.exists(lake, table):
        for batch in read_batches(lake, table, table.names, ()):
            yield from batch.to_pylist()


def measures(row: Mapping[str, Any]) -> Document:
    """Return the errors of a row, and the sums that errors of several rows are computed from."""
    covered = None if row["coverage"] is None else row["coverage"] * row["rows"]
    return {
        **{name: row[name] for name in MEASURES},
        "abs_error": row["mae"] * row["rows"],
        "error": row["bias"] * row["rows"],
        "covered": covered,
    }
