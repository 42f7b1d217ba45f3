"""Corrected quantiles cover what they say, in every bin of demand, and never cross."""

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from features.feature_set import TARGET
from modelling.estimators.calibration import (
    DEMAND,
    FEWEST_ROWS,
    Correction,
    Loader,
    bins,
    correction,
    demand,
)
from modelling.estimators.quantiles import QUANTILES

BOUNDS = [0, 1, 10]
LEVELS = np.array(list(QUANTILES.values()))


def rows(seed: int, count: int = 8000) -> pa.RecordBatch:
    """Whole units around a demand that differs by a hundred times, half of the small ones zero."""
    random = np.random.default_rng(seed)
    mean = random.choice([0.0, 0.5, 4.0, 50.0], count)
    units = random.poisson(mean + random.gamma(1, 1 + mean))
    known = pa.array(mean, pa.float32(), mask=mean == 0)
    return pa.RecordBatch.from_pydict({DEMAND: known, TARGET: pa.array(units, pa.float32())})


def loader() -> Loader:
    """Make what makes quantiles that are the demand itself; nested, so that Spark can send it."""

    def load() -> Callable[[pa.RecordBatch], np.ndarray]:
        def quantiles(batch: pa.RecordBatch) -> np.ndarray:
            return np.repeat(demand(batch)[:, None], len(QUANTILES), axis=1)

        return quantiles

    return load


too_narrow = loader()()


@pytest.fixture(scope="module")
def found(spark: SparkSession) -> Correction:
    frame = spark.createDataFrame(pa.table(rows(1)))
    return correction(frame, loader(), BOUNDS)


def corrected(found: Correction, batch: pa.RecordBatch) -> np.ndarray:
    return found.apply(batch, too_narrow(batch))


@pytest.mark.parametrize(("seed", "slack"), [(1, 0.001), (2, 0.03)])
def test_a_share_lies_below_and_no_less_at_or_below(
    found: Correction, seed: int, slack: float
) -> None:
    """On the rows of the correction to the row; on others, alike, to chance."""
    batch = rows(seed)
    quantiles, units = corrected(found, batch), batch[TARGET].to_numpy()[:, None]
    for place in range(len(BOUNDS) + 1):
        mine = bins(batch, BOUNDS) == place
        below = (units < quantiles - 1e-3)[mine].mean(axis=0)
        at_or_below = (units <= quantiles + 1e-3)[mine].mean(axis=0)
        assert (below <= LEVELS + slack).all(), (place, below)
        assert (at_or_below >= LEVELS - slack).all(), (place, at_or_below)


def test_quantiles_of_counts_are_whole_numbers(found: Correction, spark: SparkSession) -> None:
    batch = rows(6)
    quantiles = corrected(found, batch)
    assert found.are_counts
    assert (quantiles == np.floor(quantiles)).all()
    assert not (np.signbit(quantiles) & (quantiles == 0)).any(), "nothing is written as -0"
    halves = pa.table(batch).set_column(
        1, TARGET, pa.array(batch[TARGET].to_numpy() + 0.5, pa.float32())
    )
    assert not correction(spark.createDataFrame(halves), loader(), BOUNDS).are_counts


def test_quantiles_never_cross() -> None:
    crossing = Correction((0.0,), ((3.0, 2.0, 1.0, 0.0),) * 2)
    assert (np.diff(corrected(crossing, rows(3)), axis=1) >= 0).all()


def test_a_correction_is_in_the_demand_of_the_pair() -> None:
    """One bin for all: a shift of one is a pair's demand, one unit at least."""
    one = Correction((), ((1.0,) * len(LEVELS),))
    batch = rows(4)
    added = corrected(one, batch) - too_narrow(batch)
    np.testing.assert_allclose(added, np.maximum(demand(batch), 1)[:, None].repeat(4, axis=1))


def test_a_bin_of_few_rows_is_corrected_as_all_are(spark: SparkSession) -> None:
    many, few = rows(5), FEWEST_ROWS - 1
    rare = pa.table({DEMAND: [2000.0] * few, TARGET: [9e6] * few}, schema=many.schema)
    frame = spark.createDataFrame(pa.concat_tables([pa.table(many), rare]))
    bounds = [0, 1, 10, 1000]
    assert correction(frame, loader(), bounds).shifts[-1][0] < 1000
