"""A submission has the pairs' IDs in order, each with its forecast."""

from pathlib import Path

import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from forecasting.submission import write_submission
from lakehouse.errors import SourceError

PAIRS = pa.table({"ID": ["10", "2", "0"], "shop_id": ["5", "5", "6"], "item_id": ["1", "2", "1"]})
FORECASTS = pa.table(
    {
        "shop_id": ["6", "5", "5", "7"],
        "item_id": ["1", "2", "1", "1"],
        "units": pa.array([0.5, 1.25, 20, 3], pa.float32()),
    }
)


def test_rows_are_in_the_order_of_the_id_as_a_number(spark: SparkSession, tmp_path: Path) -> None:
    file = tmp_path / "submission.csv"
    frames = [spark.createDataFrame(table) for table in (FORECASTS, PAIRS)]
    assert write_submission(*frames, str(file)) == 3
    assert file.read_text().splitlines() == [
        "ID,item_cnt_month",
        "0,0.5",
        "2,1.25",
        "10,20",
    ]


def test_pairs_without_an_id_are_refused(spark: SparkSession, tmp_path: Path) -> None:
    pairs = spark.createDataFrame(PAIRS.drop_columns("ID"))
    with pytest.raises(SourceError, match="--submission: the pairs have no column ID"):
        write_submission(spark.createDataFrame(FORECASTS), pairs, str(tmp_path / "submission.csv"))
