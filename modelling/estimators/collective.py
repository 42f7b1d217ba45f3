"""Collective training: Spark tasks fit boosted trees together, each from a share of panel files.

The workers are the tasks of one barrier stage; xgboost's own collective joins the workers. No row
passes through the JVM or pandas: a worker decodes one batch of a file at a time into bins.
"""

import json
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, redirect_stdout, suppress
from functools import partial
from io import StringIO
from typing import TYPE_CHECKING

import pyarrow as pa
import xgboost as xgb
from xgboost.collective import CommunicatorContext
from xgboost.core import XGBoostError
from xgboost.tracker import RabitTracker

from feature_store.panel.rows import PanelRows
from lakehouse.errors import TrainingError
from modelling.estimators.boosting import BoostingTask, Learning
from modelling.estimators.model_inputs import ModelColumns
from modelling.estimators.panel_batches import PanelShare, divide, list_files
from modelling.estimators.task_slots import check_workers

if TYPE_CHECKING:
    from pyspark import BarrierTaskContext
    from pyspark.sql import SparkSession

SCHEMA = pa.schema([("model", pa.binary()), ("error", pa.string())])
# How long a worker waits for another worker that still reads; a dead worker is noticed at once.
PATIENCE_SECONDS = 3600


def train(
    spark: "SparkSession", task: BoostingTask, rows: PanelRows, scored: PanelRows | None = None
) -> xgb.Booster:
    """Fit boosted trees to panel rows.

    Args:
        spark: the session; a task of the session is a worker with ``spark.task.cpus`` threads.
        task: what to fit.
        rows: panel rows to learn from.
        scored: panel rows on which boosting measures the error; None: none.

    Raises:
        UsageError: Spark has fewer task slots than workers; ask for fewer workers.
        RefusedError: a month was not assembled, or the months have no rows; run build_panel.
        TrainingError: a worker failed or died.
    """
    workers = check_workers(spark, task.workers)
    threads = int(spark.sparkContext.getConf().get("spark.task.cpus", "1") or 1)
    shares, watched = (
        () if panel is None else panel_shares(panel, task.inputs, workers)
        for panel in (rows, scored)
    )
    learning = Learning(task, shares, watched, threads)
    learning.require_rows()
    return joint_model(spark, learning)


def panel_shares(rows: PanelRows, inputs: ModelColumns, workers: int) -> tuple[PanelShare, ...]:
    """Divide panel rows among the workers, one share per worker."""
    uri = rows.lake.uri(rows.table)
    return tuple(
        PanelShare(uri, inputs, tuple(share)) for share in divide(list_files(rows), workers)
    )


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
        results = stage.collect()
    except Exception as error:
        raise TrainingError(
            f"Training stopped because one of its {workers} workers died, often for want of "
            "memory; Spark's log names the worker. Give the workers more memory or train on fewer "
            "months."
        ) from error
    errors = [row["error"] for row in results if row["error"] is not None]
    if errors:
        raise TrainingError(f"Training failed on {len(errors)} of {workers} workers: {errors}")
    (model,) = (row["model"] for row in results if row["model"] is not None)
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
    result: dict[str, bytes | str | None] = {"model": None, "error": None}
    try:
        with joined(context):
            model = learning.fit(worker)
        result["model"] = bytes(model.save_raw("ubj")) if worker == 0 else None
    except Exception as error:
        result["error"] = f"{type(error).__name__}: {error}"
    yield pa.RecordBatch.from_pylist([result], SCHEMA)


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
