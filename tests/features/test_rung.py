"""A forecast rests on the nearest history that there is."""

import pyarrow as pa
import pytest
from meanings import UNCLIPPED
from pyspark.sql import SparkSession

from features.feature_set import feature_set
from features.rung import NO_HISTORY, RUNGS, rung_sql


def test_rungs_read_columns_of_the_panel() -> None:
    assert {rung.column for rung in RUNGS} <= set(feature_set(UNCLIPPED).names)


def test_a_column_says_nothing_but_whether_its_key_is_known() -> None:
    """A lag is null in a lake's first months too; an age or a mean is not."""
    statistics = {
        group.column(feature): feature.statistic.name
        for group in feature_set(UNCLIPPED).groups
        for feature in group.features
    }
    assert {statistics[rung.column] for rung in RUNGS} <= {"age", "mean"}


@pytest.mark.parametrize("nearest", range(len(RUNGS) + 1))
def test_the_nearest_history_counts_whatever_lies_behind(spark: SparkSession, nearest: int) -> None:
    """Every row has the rungs from the nearest on, once all of them and once that one alone."""
    rows = {
        rung.column: pa.array(
            [0.0 if i >= nearest else None, 0.0 if i == nearest else None], pa.float32()
        )
        for i, rung in enumerate(RUNGS)
    }
    named = spark.createDataFrame(pa.table(rows)).selectExpr(f"{rung_sql()} AS rung")
    wanted = [*(rung.name for rung in RUNGS), NO_HISTORY][nearest]
    assert named.toArrow()["rung"].to_pylist() == [wanted, wanted]
