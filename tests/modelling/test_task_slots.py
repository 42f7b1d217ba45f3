"""The number of workers is checked before training starts."""

import time

import pytest
from pyspark.sql import SparkSession

from lakehouse.errors import UsageError
from modelling.estimators.task_slots import check_workers


def test_too_many_workers_are_refused_at_once(spark: SparkSession) -> None:
    slots = spark.sparkContext.defaultParallelism
    started = time.monotonic()
    with pytest.raises(UsageError) as refusal:
        check_workers(spark, slots + 1)
    assert time.monotonic() - started < 1
    assert f"--workers {slots + 1}: Spark has {slots} task slots" in str(refusal.value)
    assert "ask for fewer workers" in str(refusal.value)


def test_every_slot_works_unless_fewer_are_asked_for(spark: SparkSession) -> None:
    slots = spark.sparkContext.defaultParallelism
    assert check_workers(spark, None) == slots
    assert check_workers(spark, 1) == 1


@pytest.mark.parametrize("workers", [0, -1])
def test_less_than_one_worker_is_refused(spark: SparkSession, workers: int) -> None:
    with pytest.raises(UsageError, match=f"--workers {workers}: train with at least 1 task"):
        check_workers(spark, workers)
