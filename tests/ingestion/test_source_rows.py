from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from builders import data_folder, sale_line, sales_text

from ingestion.files.checked_folder import inspect
from ingestion.files.rows import read_rows
from lakehouse.profile.profile import Files

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

FIELDS = {"day": "date", "units": "item_cnt_day"}


def rows(spark: "SparkSession", folder: Path, name: str, **files: Any) -> list[dict[str, Any]]:
    written = Files(**files)
    source = inspect(f"file://{folder}", name, FIELDS, written)
    found: list[dict[str, Any]] = read_rows(spark, source).toArrow().to_pylist()
    return sorted(found, key=lambda row: int(row["offset"]))


def test_values_are_read_as_the_file_wrote_them(spark: "SparkSession", tmp_path: Path) -> None:
    text = sales_text(sale_line(item_cnt_day=" 1.0"), sale_line(date='"1, 2"', item_cnt_day=""))
    data_folder(tmp_path, sales_a_gz=text.replace("\n", "\r\n"))
    assert rows(spark, tmp_path, "sales_a.csv.gz") == [
        {"offset": 0, "_malformed": None, "day": "07.03.2015", "units": " 1.0"},
        {"offset": 1, "_malformed": None, "day": "1, 2", "units": None},
    ]


def test_a_line_with_too_few_or_too_many_columns_keeps_its_text_and_number(
    spark: "SparkSession", tmp_path: Path
) -> None:
    short, long = "07.03.2015,26", sale_line() + ",x"
    data_folder(tmp_path, sales_a=sales_text(sale_line(), short, long, sale_line()))
    found = rows(spark, tmp_path, "sales_a.csv")
    assert [(row["offset"], row["_malformed"]) for row in found] == [
        (0, None),
        (1, short),
        (2, long),
        (3, None),
    ]


def test_rows_are_numbered_in_the_files_order_however_it_is_split(
    spark: "SparkSession", tmp_path: Path
) -> None:
    days = [f"{number:05d}" for number in range(2000)]
    data_folder(tmp_path, sales_a=sales_text(*(sale_line(date=day) for day in days)))
    spark.conf.set("spark.sql.files.maxPartitionBytes", "10000")
    try:
        found = rows(spark, tmp_path, "sales_a.csv")
    finally:
        spark.conf.unset("spark.sql.files.maxPartitionBytes")
    assert [row["day"] for row in found] == days
    assert [row["offset"] for row in found] == list(range(2000))


@pytest.mark.parametrize("encoding", ["utf-16", "iso-8859-1"])
def test_a_text_is_read_in_the_profiles_encoding(
    spark: "SparkSession", tmp_path: Path, encoding: str
) -> None:
    text = sales_text(sale_line(date="Ørsted"), sale_line(date="é")).replace(",", ";")
    data_folder(tmp_path, sales_a=text.encode(encoding))
    found = rows(spark, tmp_path, "sales_a.csv", encoding=encoding, delimiter=";")
    assert [row["day"] for row in found] == ["Ørsted", "é"]


def test_a_byte_order_mark_is_no_part_of_the_first_column(
    spark: "SparkSession", tmp_path: Path
) -> None:
    data_folder(tmp_path, sales_a=sales_text(sale_line()).encode("utf-8-sig"))
    assert rows(spark, tmp_path, "sales_a.csv")[0]["day"] == "07.03.2015"


def test_parquet_is_numbered_and_its_dates_are_iso(spark: "SparkSession", tmp_path: Path) -> None:
    table = pa.table(
        {
            "date": pa.array([datetime(2015, 3, 7), None], pa.timestamp("us")),
            "item_cnt_day": pa.array([-2, 3], pa.int16()),
        }
    )
    pq.write_table(table, tmp_path / "sales.parquet")
    source = inspect(f"file://{tmp_path}", "sales.parquet", {**FIELDS, "date": "date"}, Files())
    found = read_rows(spark, source).drop("day").toArrow().to_pylist()
    assert found == [
        {"offset": 0, "_malformed": None, "units": "-2", "date": "2015-03-07"},
        {"offset": 1, "_malformed": None, "units": "3", "date": None},
    ]
