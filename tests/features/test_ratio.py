"""A ratio is not known where a term is not, or where it would divide by zero."""

import numpy as np
import pytest
from meanings import UNCLIPPED

from features.attributes import Attributes
from features.feature_set import feature_set
from features.groups import age_groups, attribute_groups
from features.ratio import Ratio, attribute_ratios

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


def test_a_denominator_above_its_bound_counts_as_the_bound() -> None:
    month = Ratio("exposed", "units", "age", "", most=1)
    ages = np.array([0.25, 1, 7.5, 0, np.nan], np.float32)
    found = month.compute(np.full(5, 2, np.float32), ages)
    assert found[:3].tolist() == [8, 2, 2]
    assert np.isnan(found[3:]).all()
    assert month.formula == "units / min(age, 1)"


def test_no_rows_have_no_ratios() -> None:
    nothing = np.array([], np.float32)
    assert SHARE.compute(nothing, nothing).tolist() == []


FEATURES = feature_set(UNCLIPPED)
OVER_PAIRS = [one for one in FEATURES.ratios if "_per_pair_" in one.name]


@pytest.mark.parametrize("one", OVER_PAIRS, ids=lambda one: one.name)
def test_a_mean_over_pairs_divides_like_by_like(one: Ratio) -> None:
    """Numerator and denominator of a mean read the same months of the same group."""
    group, _, months = one.name.partition("_per_pair_")
    assert one.numerator.startswith(f"{group}_target_")
    assert one.numerator.endswith(f"_{months}")
    assert one.denominator == one.numerator.replace("_target_", "_pairs_")


def test_every_attributes_group_has_units_by_pair() -> None:
    of = {group.name for group in attribute_groups(FEATURES.attributes)}
    assert of == {"item_city", "city", "franchise", "subtype", "type"}
    aged = {group.name for group in age_groups(FEATURES.attributes)}
    wanted = {f"{name}_per_pair_{months}" for name in of | aged for months in (1, 12)}
    wanted |= {f"{name}_per_pair_24" for name in aged}
    wanted |= {f"{n}_per_pair_{m}" for n in ("category_age", "shop_category_age") for m in (2, 3)}
    assert wanted == {one.name for one in attribute_ratios(FEATURES.attributes)}


def test_without_attributes_there_are_no_ratios_of_them() -> None:
    nothing = Attributes((), ("category_id",))
    assert attribute_groups(nothing) == ()
    of = {one.name.partition("_per_pair_")[0] for one in attribute_ratios(nothing)}
    assert of == {"category_age", "shop_category_age"}
