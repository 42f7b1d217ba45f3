"""Task slots: how many of Spark's tasks can run, and so train, at the same time."""

from typing import TYPE_CHECKING

from lakehouse.errors import UsageError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def check_workers(spark: "SparkSession", workers: int | None) -> int:
    """Return how many workers train.

    xgboost.spark waits ten minutes and says nothing when it gets fewer task slots than workers.

    Args:
        spark: the session.
        workers: wanted; None: every task slot.

    Raises:
        UsageError: there are fewer slots than workers, or less than one worker is wanted.
    """
    if workers is not None and workers < 1:
        raise UsageError(
            f"--workers {workers}: at least 1 task trains; leave it out for all cores."
        )
    slots = task_slots(spark)
    if workers is not None and workers > slots:
        raise UsageError(
            f"--workers {workers}: Spark has {slots} task slots, and training would wait for the "
            "others for ever; ask for fewer workers or give Spark more cores."
        )
    return slots if workers is None else workers


def given_workers(workers: int | None) -> tuple[dict[str, int], ...]:
    """Return what a digest of inputs holds of the number of workers that was asked for.

    Trees depend on how rows are shared out, so that another number is another model. Without one
    there is nothing: a machine with other cores takes over what was made, as it always did.
    """
    return () if workers is None else ({"workers": workers},)


def task_slots(spark: "SparkSession") -> int:
    """Count the tasks that can run at the same time."""
    context, cluster = spark.sparkContext, spark.sparkContext.getConf()
    instances, cores = cluster.get("spark.executor.instances"), cluster.get("spark.executor.cores")
    is_sized = instances is not None and cores is not None
    total = int(instances or 1) * int(cores or 1) if is_sized else context.defaultParallelism
    return max(1, total // int(cluster.get("spark.task.cpus", "1") or 1))
