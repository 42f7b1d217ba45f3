"""A ratio is not known where a term is not, or where it would divide by zero."""

import numpy as np
import pytest

from features.feature_set import feature_set
from features.ratio import RATIOS, Ratio

SHARE = Ratio("share", "part", "whole", "")


def ratio(*pairs: tuple[float, float]) -> list[float]:
    terms = np.array(pairs, np.float32)
    return SHARE.compute(terms[:, 0], terms[:, 1]).tolist()


def test_one_feature_is_divided_by_the_other() -> None:
    assert ratio((1, 4), (-3, 2), (0, 5)) == [0.25, -1.5, 0]


@pytest.mark.parametrize(
    "terms", [(1, 0), (0, 0), (1, -0.0), (np.nan, 2), (2, np.nan), (np.nan, 0)]
)
def test_it_is_not_known(terms: tuple[float, float]) -> None:
    assert np.isnan(ratio(terms)).all()


def test_it_is_computed_in_single_precision() -> None:
    terms = np.array([1], np.float32), np.array([3], np.float32)
    assert SHARE.compute(*terms).dtype == np.float32


def test_no_rows_have_no_ratios() -> None:
    nothing = np.array([], np.float32)
    assert SHARE.compute(nothing, nothing).tolist() == []


def test_a_mean_over_pairs_divides_like_by_like() -> None:
    """Numerator and denominator of a mean read the same months."""
    assert {r.name for r in RATIOS} <= set(feature_set(None).names)
    for one in RATIOS:
        if "_per_pair_" in one.name:
            assert one.denominator == one.numerator.replace("_target_", "_pairs_")
