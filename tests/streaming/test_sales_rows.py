"""A file read without Spark holds the rows that Spark reads from it."""

import gzip
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from builders import profile, sale_line, sales_text

from ingestion.arrivals import Reception, events
from ingestion.files.rows import MALFORMED, read_rows, source_rows
from ingestion.files.source import Source
from ingestion.files.sources import find_sales_file
from ingestion.sales.records import parse
from lakehouse.profile.profile import Files, Profile
from streaming.producer.messages import ANY_TIME

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

FINE = (
    sale_line(shop_id='" a ""quoted"", one "'),
    sale_line(item_id="é☕", item_price="", item_cnt_day='""'),
    sale_line(item_id="last"),
)
TEXT = sales_text(
    sale_line(),
    "",
    "1,2",
    "   ",
    "a,b,c,d,e,f,g",
    sale_line(shop_id='"lost'),
    sale_line(item_id='"two'),
    'lines",9.5,2.0',
    *FINE,
)


def judged(rows: pa.Table, profile: Profile) -> pa.Table:
    """What becomes of rows: whether a text is empty or missing, 1e3 or 1000, does not matter."""
    fields = [name for name in rows.column_names if name not in ("offset", MALFORMED)]
    for name in fields:
        column = rows[name].combine_chunks()
        filled = pc.if_else(pc.equal(column, ""), None, column)
        rows = rows.set_column(rows.column_names.index(name), name, filled)
    return parse(events(rows, "", Reception(ANY_TIME, ANY_TIME)), profile).drop_columns("value")


def assert_read_alike(spark: "SparkSession", source: Source, profile: Profile) -> None:
    ours = pa.concat_tables(source_rows(source))
    theirs = read_rows(spark, source).orderBy("offset").toArrow()
    assert ours.column_names == theirs.column_names
    assert ours[MALFORMED].to_pylist() == theirs[MALFORMED].to_pylist()
    assert judged(ours, profile).equals(judged(theirs, profile))


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("utf-8", TEXT),
        ("utf-8-sig", TEXT),
        ("iso-8859-1", TEXT.replace("☕", "")),
        # Spark splits UTF-16 by quotes, not by lines.
        ("utf-16", sales_text(*FINE)),
    ],
)
def test_text_is_read_as_spark_reads_it(
    spark: "SparkSession", tmp_path: Path, encoding: str, text: str, end: str
) -> None:
    (tmp_path / "sales.csv").write_bytes(text.replace("\n", end).encode(encoding))
    files = Files.model_validate({"encoding": encoding.removesuffix("-sig")})
    sample = profile().model_copy(update={"files": files})
    assert_read_alike(spark, find_sales_file(str(tmp_path / "sales.csv"), sample), sample)


def test_packed_text_is_read_as_spark_reads_it(spark: "SparkSession", tmp_path: Path) -> None:
    (tmp_path / "sales.csv.gz").write_bytes(gzip.compress(TEXT.encode()))
    assert_read_alike(spark, find_sales_file(str(tmp_path / "sales.csv.gz"), profile()), profile())


@pytest.mark.parametrize(
    ("dates", "numbers"),
    [
        (pa.array([date(2015, 3, 7), None]), pa.array([2.0, 1e-3])),
        (pa.array([datetime(2015, 3, 7, 23, 59), None]), pa.array([Decimal("9.50"), None])),
        (pa.array(["07.03.2015", "x"]), pa.array([2, -(10**6)])),
        (pa.array(["07.03.2015", "x"]).dictionary_encode(), pa.array([1e7, 1e-7], pa.float32())),
    ],
)
def test_parquet_is_read_as_spark_reads_it(
    spark: "SparkSession", tmp_path: Path, dates: pa.Array, numbers: pa.Array
) -> None:
    columns = {"item_cnt_day": numbers, "item_price": numbers, "date": dates}
    ids = {"shop_id": pa.array([1, 2]), "item_id": pa.array(["10", ""])}
    pq.write_table(pa.table({**columns, **ids}), tmp_path / "sales.parquet")
    assert_read_alike(spark, find_sales_file(str(tmp_path / "sales.parquet"), profile()), profile())


def test_a_file_of_a_header_alone_has_no_rows(tmp_path: Path) -> None:
    (tmp_path / "sales.csv").write_text(sales_text())
    assert list(source_rows(find_sales_file(str(tmp_path / "sales.csv"), profile()))) == []
