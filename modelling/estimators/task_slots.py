"""Task slots: the number of Spark tasks that can run, and so train, at the same time."""

from typing import TYPE_CHECKING

from lakehouse.errors import UsageError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def check_workers(spark: "SparkSession", workers: int | None) -> int:
    """Return the number of workers that train, and check that Spark can run all of them.

    With fewer task slots than workers, xgboost.spark waits ten minutes without a message.

    Args:
        spark: the session.
        workers: number of workers asked for; None: every task slot.

    Raises:
        UsageError: Spark has fewer slots than workers, or ``workers`` is below 1.
    """
    if workers is not None and workers < 1:
        raise UsageError(
            f"--workers {workers}: train with at least 1 task; leave out --workers for all cores."
        )
    slots = task_slots(spark)
    if workers is not None and workers > slots:
        raise UsageError(
            f"--workers {workers}: Spark has {slots} task slots, and training would never "
            "start; ask for fewer workers or give Spark more cores."
        )
    return slots if workers is None else workers


def given_workers(workers: int | None) -> tuple[dict[str, int], ...]:
    """Return the part of an input digest that stands for the number of workers asked for.

    Trees depend on how rows are divided among workers, so another number gives another model.
    Without a number the part is empty: a machine with more or fewer cores then reuses the models
    and scores that another machine made.
    """
    return () if workers is None else ({"workers": workers},)


def task_slots(spark: "SparkSession") -> int:
    """Count the Spark tasks that can run at the same time; at least 1."""
    context, cluster = spark.sparkContext, spark.sparkContext.getConf()
    instances, cores = cluster.get("spark.executor.instances"), cluster.get("spark.executor.cores")
    is_sized = instances is not None and cores is not None
    total = int(instances or 1) * int(cores or 1) if is_sized else context.defaultParallelism
    return max(1, total // int(cluster.get("spark.task.cpus", "1") or 1))
