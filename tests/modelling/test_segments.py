"""Rows made by hand are in the segments that their history says, whatever their target."""

from datetime import date
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession

from features.feature_set import TARGET
from lakehouse.types import FEATURE
from modelling.evaluation.segments import DEMAND, SEGMENTS, TOP, segmented
from modelling.promotion.gate import JUDGED

MONTH = date(2015, 9, 1)
HISTORY = (
    "shop_item_target_mean_12",
    "item_sales_age_all",
    "item_sales_since_all",
    "item_target_mean_12",
)
TYPES = {
    "month": pa.date32(),
    "shop_id": pa.string(),
    "item_id": pa.string(),
    "category_id": pa.string(),
    **dict.fromkeys((*HISTORY, TARGET), FEATURE),
}


def row(**known: Any) -> dict[str, Any]:
    """A pair of an item sold last month and for two years, five a month."""
    usual: dict[str, Any] = {
        "month": MONTH,
        "shop_id": "5",
        "item_id": "10",
        "category_id": "books",
        **dict(zip(HISTORY, (5.0, 24.0, 1.0, 5.0), strict=True)),
        TARGET: 1.0,
    }
    return {**usual, **known}


def frame(spark: SparkSession, *rows: dict[str, Any]) -> DataFrame:
    schema = pa.schema(list(TYPES.items()))
    return spark.createDataFrame(pa.Table.from_pylist(list(rows), schema))


def found(rows: DataFrame) -> list[dict[str, str]]:
    """Segment → value of each row, in the order of their item."""
    ordered = segmented(rows).orderBy("item_id").select("segments").collect()
    return [{part.segment: part.value for part in each.segments} for each in ordered]


def values(spark: SparkSession, segment: str, *rows: dict[str, Any]) -> list[str]:
    """The segment's value of each row."""
    numbered = [row(item_id=f"{i:03}", **known) for i, known in enumerate(rows)]
    return [segments[segment] for segments in found(frame(spark, *numbered))]


def test_a_row_is_in_every_segment_once(spark: SparkSession) -> None:
    assert found(frame(spark, row())) == [
        {
            "all": "all",
            "demand": "2-5",
            "item": "selling",
            "rank": "top 100",
            "shop": "5",
            "category": "books",
        }
    ]


def test_a_bin_of_demand_includes_its_upper_bound(spark: SparkSession) -> None:
    wanted = [
        (None, "0"),
        (0.0, "0"),
        (0.01, "0-0.5"),
        (0.5, "0-0.5"),
        (0.75, "0.5-1"),
        (2.0, "1-2"),
        (20.0, "5-20"),
        (20.25, "20-100"),
        (3000.0, "100+"),
    ]
    means = [{"shop_item_target_mean_12": mean} for mean, _ in wanted]
    bins = values(spark, "demand", *means)
    assert [(mean, each) for (mean, _), each in zip(wanted, bins, strict=True)] == wanted
    assert set(bins) <= set(DEMAND.values)


def test_an_item_is_new_selling_or_unsold(spark: SparkSession) -> None:
    wanted = [
        (None, None, "new"),
        (1.0, 1.0, "new"),
        (2.0, 1.0, "selling"),
        (9.0, 6.0, "selling"),
        (9.0, 7.0, "unsold 6 months"),
    ]
    ages = [{"item_sales_age_all": age, "item_sales_since_all": n} for age, n, _ in wanted]
    kinds = values(spark, "item", *ages)
    assert [(*given[:2], kind) for given, kind in zip(wanted, kinds, strict=True)] == wanted


def test_the_top_items_are_those_that_sold_most_in_each_month(spark: SparkSession) -> None:
    ids = [f"{i:03}" for i in range(TOP + 1)]
    items = [row(item_id=each, item_target_mean_12=float(mean)) for mean, each in enumerate(ids, 1)]
    later = row(month=date(2015, 10, 1), item_id="000", item_target_mean_12=1.0)
    segments = segmented(frame(spark, *items, *items, later)).collect()
    others = [(r.month, r.item_id) for r in segments if ("rank", "below") in map(tuple, r.segments)]
    assert others == [(MONTH, "000")] * 2
    assert len(segments) == 2 * len(items) + 1


def test_what_never_sold_is_not_at_the_top(spark: SparkSession) -> None:
    never = [{"item_target_mean_12": mean} for mean in (None, 0.0)]
    assert values(spark, "rank", *never) == ["below", "below"]


def test_no_segment_looks_at_the_target(spark: SparkSession) -> None:
    blind = frame(spark, row()).drop(TARGET)
    assert found(blind) == found(frame(spark, row(**{TARGET: 20.0})))
    assert [segment.name for segment in SEGMENTS if TARGET in segment.sql.split()] == []


def test_the_gate_judges_segments_that_there_are() -> None:
    assert set(JUDGED) <= {segment.name for segment in SEGMENTS}
