"""Collective training: Spark tasks fit boosted trees together, each from a share of panel files.

The workers are the tasks of one barrier stage; xgboost's own collective joins the workers. No row
passes through the JVM or pandas: a worker decodes one batch of a file at a time into bins.
"""

import json
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, redirect_stdout, suppress
from dataclasses import dataclass
from functools import partial
from io import StringIO
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import xgboost as xgb
from xgboost.collective import CommunicatorContext
from xgboost.core import XGBoostError
from xgboost.tracker import RabitTracker

from feature_store.panel.rows import PanelRows
from lakehouse.errors import RefusedError, TrainingError
from modelling.estimators.binned_matrix import SAMPLE_ROWS, bins
from modelling.estimators.model_inputs import Inputs
from modelling.estimators.panel_batches import Labels, Source, divide, listed, targets
from modelling.estimators.task_slots import check_workers

if TYPE_CHECKING:
    from pyspark import BarrierTaskContext
    from pyspark.sql import SparkSession

SCHEMA = pa.schema([("model", pa.binary()), ("error", pa.string())])
BINS = 256
# How long a worker waits for another worker that still reads; a dead worker is noticed at once.
PATIENCE_SECONDS = 3600
SECONDS_BETWEEN_LINES = 10.0


@dataclass(frozen=True)
class Learning:
    """The training job that the driver sends to every worker.

    Attributes:
        train: the training rows, one source per worker.
        scored: rows on which boosting measures the error, one source per worker; empty: none.
        parameters: parameters of ``xgboost.train``.
        rounds: the greatest number of boosting rounds.
        patience: rounds without a smaller error on ``scored`` after which boosting ends; None:
            boosting runs all rounds.
        labels: computes label and weight of a batch.
        threads: threads of each worker.
    """

    train: tuple[Source, ...]
    parameters: Mapping[str, Any]
    rounds: int
    threads: int
    scored: tuple[Source, ...] = ()
    labels: Labels = targets
    patience: int | None = None

    def require_rows(self) -> None:
        """Check that at least one worker has training rows.

        Raises:
            RefusedError: no worker has rows; run build_panel for the months.
        """
        if not any(source.rows for source in self.train):
            raise RefusedError("No panel rows to train on; run build_panel for those months.")

    @property
    def sample(self) -> float:
        """The share of training rows, 0 to 1, from which the bounds of bins are computed."""
        return min(1.0, SAMPLE_ROWS / sum(source.rows for source in self.train))

    def fit(self, worker: int) -> xgb.Booster:
        """Fit boosted trees, jointly with the workers that a collective joins."""
        pa.set_cpu_count(self.threads)
        parameters = {"tree_method": "hist", **self.parameters, "nthread": self.threads}
        count = int(parameters.setdefault("max_bin", BINS))
        found = bins(self.train[worker], self.sample, count, self.threads)
        train = found.matrix(self.train[worker], self.labels)
        found = found.of(train)
        watched = [(found.matrix(mine, self.labels), "scored") for mine in self.scored[worker:][:1]]
        pa.default_memory_pool().release_unused()
        return xgb.train(
            parameters,
            train,
            self.rounds,
            evals=watched,
            verbose_eval=False,
            callbacks=self._callbacks(worker),
        )

    def _callbacks(self, worker: int) -> list[xgb.callback.TrainingCallback]:
        told: list[xgb.callback.TrainingCallback] = [Told(self.rounds)] if worker == 0 else []
        if self.patience is None or not self.scored:
            return told
        return [*told, xgb.callback.EarlyStopping(self.patience, save_best=True)]


class Told(xgb.callback.TrainingCallback):  # type: ignore[misc]
    """Callback that writes the progress of boosting to the terminal."""

    def __init__(self, rounds: int) -> None:
        self._rounds = rounds
        self._last_line = time.monotonic()

    def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
        """Write a line to stderr every ten seconds; return False so that boosting continues."""
        del model, evals_log
        if time.monotonic() - self._last_line >= SECONDS_BETWEEN_LINES:
            self._last_line = time.monotonic()
            sys.stderr.write(f"training: {epoch + 1} of {self._rounds} rounds\n")
        return False


def train(
    spark: "SparkSession",
    rows: PanelRows,
    parameters: Mapping[str, Any],
    rounds: int,
    workers: int | None = None,
    *,
    inputs: Inputs | None = None,
    labels: Labels = targets,
    scored: PanelRows | None = None,
    patience: int | None = None,
) -> xgb.Booster:
    """Fit boosted trees to panel rows.

    Args:
        spark: the session; a task of the session is a worker with ``spark.task.cpus`` threads.
        rows: panel rows to learn from.
        parameters: parameters of ``xgboost.train``.
        rounds: the greatest number of boosting rounds.
        workers: tasks that train together; None: every task slot.
        inputs: columns to learn from; None: all features of the panel.
        labels: computes label and weight of a batch; by default the label is the target.
        scored: panel rows on which boosting measures the error; None: none.
        patience: rounds without a smaller error on ``scored`` after which boosting ends and
            returns the trees of the best round; None: boosting runs all rounds.

    Raises:
        UsageError: Spark has fewer task slots than workers; ask for fewer workers.
        RefusedError: a month was not assembled, or the months have no rows; run build_panel.
        TrainingError: a worker failed or died.
    """
    count = check_workers(spark, workers)
    threads = int(spark.sparkContext.getConf().get("spark.task.cpus", "1") or 1)
    read = inputs or Inputs.of(rows.features)
    shares = sources(rows, read, count)
    learning = Learning(
        train=shares,
        scored=() if scored is None else sources(scored, read, count),
        parameters=parameters,
        rounds=rounds,
        patience=patience,
        labels=labels,
        threads=threads,
    )
    learning.require_rows()
    return joint_model(spark, learning)


def sources(rows: PanelRows, inputs: Inputs, workers: int) -> tuple[Source, ...]:
    """Divide panel rows among the workers, one source per worker."""
    uri = rows.lake.uri(rows.table)
    return tuple(Source(uri, inputs, tuple(share)) for share in divide(listed(rows), workers))


def joint_model(spark: "SparkSession", learning: Learning) -> xgb.Booster:
    """Run a training job as one barrier stage and return the trees.

    Raises:
        TrainingError: a worker failed, or died, often for want of memory; give the workers more
            memory or train on fewer months.
    """
    workers = len(learning.train)
    schema = "model BINARY, error STRING"
    stage = spark.range(0, workers, 1, workers).mapInArrow(
        partial(work, learning=learning), schema, barrier=True
    )
    try:
        found = stage.collect()
    except Exception as error:
        raise TrainingError(
            f"Training stopped because one of its {workers} workers died, often for want of "
            "memory; Spark's log says which. Give the workers more memory or train on fewer months."
        ) from error
    errors = [row["error"] for row in found if row["error"] is not None]
    if errors:
        raise TrainingError(f"Training failed on {len(errors)} of {workers} workers: {errors}")
    (model,) = (row["model"] for row in found if row["model"] is not None)
    return xgb.Booster(model_file=bytearray(model))


def work(batches: Iterable[pa.RecordBatch], learning: Learning) -> Iterator[pa.RecordBatch]:
    """Run one worker of the barrier stage; the first worker returns the trees.

    The worker returns an error as a row instead of raising the error: Spark would run a failed
    stage three more times.
    """
    from pyspark import BarrierTaskContext

    list(batches)
    context = BarrierTaskContext.get()
    worker = context.partitionId()
    found: dict[str, Any] = {"model": None, "error": None}
    try:
        with joined(context):
            model = learning.fit(worker)
        found["model"] = bytes(model.save_raw("ubj")) if worker == 0 else None
    except Exception as error:
        found["error"] = f"{type(error).__name__}: {error}"
    yield pa.RecordBatch.from_pylist([found], SCHEMA)


@contextmanager
def joined(context: "BarrierTaskContext") -> Iterator[None]:
    """Join this worker to xgboost's collective while a block runs.

    The first worker runs xgboost's tracker, through which the workers find each other. The tracker
    ends with the process of the first worker; a stage that Spark runs again starts a new tracker.
    """
    tasks, worker = context.getTaskInfos(), context.partitionId()
    tracker, address = None, {}
    if worker == 0:
        host = tasks[0].address.rpartition(":")[0]
        tracker = RabitTracker(n_workers=len(tasks), host_ip=host, sortby="task")
        tracker.start()
        address = tracker.worker_args()
    address = json.loads(context.allGather(json.dumps(address))[0])
    address |= {"dmlc_task_id": f"{worker:06}", "dmlc_timeout": PATIENCE_SECONDS}
    try:
        with ExitStack() as stack:
            # xgboost prints the rank of each worker to stdout.
            with redirect_stdout(StringIO()):
                stack.enter_context(CommunicatorContext(**address))
            yield
    finally:
        # Every worker must leave the tracker before it is freed; Spark ends a dead worker's stage.
        context.barrier()
        if tracker is not None:
            # The tracker raises for workers that failed; their own errors give the reason.
            with suppress(XGBoostError):
                tracker.free()
