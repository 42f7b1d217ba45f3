"""What leaves the assortment from one version to the next is counted."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from published import PublishedLake, forecast

from forecasting.assortment import are_of_one_kind, count_departures
from forecasting.versions import ForecastVersion, newest_version

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.slow

LAST = [forecast("1", "10"), forecast("1", "11"), forecast("2", "10", units=2.5)]
FURTHER = [forecast("2", "10", horizon=2, units=9.0)]


@pytest.mark.parametrize(
    ("kept", "expected"),
    [
        ("('1', '10')", (1, ["2"], 2, 3.8)),
        pytest.param("('1', '10'), ('2', '99')", (0, [], 2, 3.8), marks=pytest.mark.slow),
        pytest.param("('1', '10'), ('1', '11')", (1, ["2"], 1, 2.5), marks=pytest.mark.slow),
        pytest.param(
            "('1', '10'), ('1', '11'), ('2', '10'), ('3', '10')", None, marks=pytest.mark.slow
        ),
    ],
)
def test_shops_pairs_and_units_that_left_are_those_of_the_last_version(
    spark: "SparkSession", tmp_path: Path, kept: str, expected: object
) -> None:
    published = PublishedLake(tmp_path / "lake")
    published.publish("v0", forecast("9", "9"))
    published.publish("v1", *LAST, *FURTHER)
    new = spark.sql(f"SELECT * FROM VALUES {kept} AS t(shop_id, item_id)")
    found = count_departures(published.lake, newest_version(published.lake), new)
    if expected is None:
        assert found is None
    else:
        assert found is not None
        assert (found.shops, found.first_shops, found.pairs, found.units) == expected


def version(inputs: str) -> ForecastVersion:
    at = datetime(2015, 5, 1, tzinfo=UTC)
    return ForecastVersion("v1", at.date(), "run", inputs, 1, "published", at)


def test_a_list_of_pairs_is_not_measured_by_the_assortment() -> None:
    of_assortment, of_list = '{"pairs": "assortment"}', '{"pairs": "pairs.csv"}'
    assert are_of_one_kind(version(of_assortment), of_assortment)
    assert not are_of_one_kind(version(of_list), of_assortment)
    assert not are_of_one_kind(None, of_assortment)
