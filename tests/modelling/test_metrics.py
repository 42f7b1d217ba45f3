"""Errors equal a naive loop's, on the same rows for every model and segment."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from math import isclose, sqrt
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from modelling.evaluation.metrics import METRICS, by_segment, errors, forecast_column

MODELS = ["model", "zero"]
LEVELS = {"p10": 0.1, "p50": 0.5, "p90": 0.9, "p95": 0.95}
MONTHS = [date(2015, 9, 1), date(2015, 10, 1)]
Row = dict[str, Any]


def table(seed: int, rows: int = 400) -> list[Row]:
    """Rows of whole numbers and halves, exact in float, some on a bound."""
    random = np.random.default_rng(seed)
    halves = random.integers(0, 9, (rows, 5)) / 2
    return [
        {
            "month": MONTHS[int(random.integers(0, 2))],
            "bin": "ab"[int(random.integers(0, 2))],
            "target": float(random.poisson(1.5)),
            "forecast": float(values[0]),
            **dict(zip(LEVELS, map(float, sorted(values[1:])), strict=True)),
        }
        for values in halves
    ]


def scored(spark: SparkSession, rows: Sequence[Row]) -> DataFrame:
    frame = spark.createDataFrame(pa.Table.from_pylist(list(rows)))
    return frame.select(
        "month",
        "bin",
        "target",
        forecast_column(frame["forecast"], frame).alias("model"),
        forecast_column(F.lit(0)).alias("zero"),
    )


def naive(rows: Sequence[Row], model: str) -> dict[str, float | None]:
    """The metrics, one row after the other."""
    wrong = [(r["forecast"] if model == "model" else 0.0) - r["target"] for r in rows]
    volume = sum(abs(r["target"]) for r in rows)
    plain = {
        "rows": len(rows),
        "volume": volume,
        "rmse": sqrt(sum(e * e for e in wrong) / len(rows)),
        "mae": sum(map(abs, wrong)) / len(rows),
        "bias": sum(wrong) / len(rows),
        "wape": sum(map(abs, wrong)) / volume if volume else None,
    }
    if model == "zero":
        return {**plain, "coverage": None, **{f"pinball_{name}": None for name in LEVELS}}
    inside = [r["p10"] <= r["target"] <= r["p90"] for r in rows]
    pinball = {f"pinball_{name}": 0.0 for name in LEVELS}
    for row in rows:
        for name, level in LEVELS.items():
            short = row["target"] - row[name]
            loss = level * short if short >= 0 else (level - 1) * short
            pinball[f"pinball_{name}"] += loss / len(rows)
    return {**plain, "coverage": sum(inside) / len(rows), **pinball}


def same(one: float | None, other: float | None) -> bool:
    return one is other if one is None or other is None else isclose(one, other, rel_tol=1e-9)


def test_errors_equal_those_of_a_loop_over_the_rows(spark: SparkSession) -> None:
    rows = table(5)
    apart: dict[tuple[date, str], list[Row]] = defaultdict(list)
    for row in rows:
        apart[row["month"], row["bin"]].append(row)
    found = errors(scored(spark, rows), MODELS, "month", "bin").toArrow().to_pylist()
    assert len(found) == len(apart) * len(MODELS)
    for score in found:
        wanted = naive(apart[score["month"], score["bin"]], score["model"])
        assert {name for name in METRICS if not same(score[name], wanted[name])} == set()


def test_an_actual_on_a_bound_is_covered(spark: SparkSession) -> None:
    bounds = {"p10": 1.0, "p50": 2.0, "p90": 3.0, "p95": 4.0}
    rows = [
        {"month": MONTHS[0], "bin": "a", "target": target, "forecast": 2.0, **bounds}
        for target in (0.0, 1.0, 3.0, 4.0)
    ]
    (score,) = errors(scored(spark, rows), ["model"]).collect()
    assert score.coverage == 0.5


def test_nothing_sold_has_no_share_of_it(spark: SparkSession) -> None:
    rows = [{**row, "target": 0.0} for row in table(7, 5)]
    found = errors(scored(spark, rows), MODELS).collect()
    assert [(score.volume, score.wape) for score in found] == [(0.0, None)] * 2


def test_a_row_counts_in_every_segment_that_it_is_in(spark: SparkSession) -> None:
    rows = spark.sql(
        "SELECT 3.0F AS target, array(named_struct('segment', 'all', 'value', 'all'), "
        "named_struct('segment', 'shop', 'value', '5'), "
        "named_struct('segment', 'none', 'value', CAST(NULL AS STRING))) AS segments"
    )
    found = by_segment(rows)
    assert found.columns == ["target", "segment", "value"]
    assert {tuple(row) for row in found.collect()} == {(3.0, "all", "all"), (3.0, "shop", "5")}


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_is_kept(name: str) -> None:
    from lakehouse.tables.gold import BACKTESTS

    assert name in BACKTESTS.names
