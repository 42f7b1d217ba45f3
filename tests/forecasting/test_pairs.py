"""Lists of pairs are read as sales are."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from forecasting.pairs import read_pairs
from lakehouse.delta.arrow import append_rows
from lakehouse.lake import Lake
from lakehouse.tables.silver import SHOPS

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@pytest.mark.slow
def test_ids_of_pairs_have_the_form_that_sales_have(
    spark: "SparkSession", lake: Lake, tmp_path: Path
) -> None:
    append_rows(lake, SHOPS, SHOPS.schema.empty_table())
    listed = tmp_path / "pairs.csv"
    listed.write_text(
        "ID,shop_id,item_id\n0,1,53\n1, 1, 53\n2,1 ,53\n3,1.0,53.00\n4,\u200b1,\u00a053\n"
        "5,Zu\u0308rich,NULL\n6,01,5.3\n7,4.6E+12,x\n"
    )
    found = read_pairs(spark, lake, str(listed)).orderBy("ID").toArrow().to_pylist()
    assert [(row["shop_id"], row["item_id"]) for row in found] == [
        *[("1", "53")] * 5,
        ("Z\u00fcrich", "NULL"),
        ("01", "5.3"),
        ("4.6E+12", "x"),
    ]
