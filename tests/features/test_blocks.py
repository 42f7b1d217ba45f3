"""Every column of the model belongs to one block, and no block is empty everywhere."""

from typing import get_args

import pytest
from meanings import UNCLIPPED

from features.blocks import block_of, blocks
from features.feature_set import FeatureSet, feature_set
from lakehouse.errors import ProfileError
from lakehouse.profile.features import Features, OptionalBlock
from lakehouse.profile.profile import list_shipped_profiles, load_profile, parse_profile


def with_all(name: str) -> FeatureSet:
    every = {"features": Features(without=[])}
    return feature_set(load_profile(name).model_copy(update=every))


FEATURES = [with_all(name) for name in list_shipped_profiles()]


def test_every_column_is_of_a_block() -> None:
    for features in FEATURES:
        names = {block.name for block in blocks(features.attributes)}
        assert {block_of(name, features.attributes) for name in features.names} <= names


def test_no_block_is_empty() -> None:
    used = {block_of(name, f.attributes) for f in FEATURES for name in f.names}
    declared = {block.name for f in FEATURES for block in blocks(f.attributes)}
    assert used == declared - {"inputs"}
    assert set(get_args(OptionalBlock)) < declared


def test_a_column_of_no_block_is_refused() -> None:
    with pytest.raises(ValueError, match="weather: of no block; add it"):
        block_of("weather", FEATURES[0].attributes)


def without(block: str) -> FeatureSet:
    return feature_set(UNCLIPPED.model_copy(update={"features": Features(without=[block])}))


@pytest.mark.parametrize("block", get_args(OptionalBlock))
def test_a_block_that_is_switched_off_is_gone_and_takes_nothing_but_what_is_made_of_it(
    block: str,
) -> None:
    every, left = feature_set(UNCLIPPED), without(block)
    gone = {name for name in every.names if block_of(name, every.attributes) == block}
    assert gone
    assert not gone & set(left.names)
    made_of_it = {
        ratio.name for ratio in every.ratios if gone & {ratio.numerator, ratio.denominator}
    }
    assert set(every.names) - set(left.names) == gone | made_of_it


def test_a_group_of_which_nothing_is_left_is_not_built() -> None:
    groups = {group.name for group in without("region").groups}
    assert "city" not in groups
    assert "item_city" in groups


def test_all_optional_blocks_can_be_off_at_once() -> None:
    off = {"features": Features(without=list(get_args(OptionalBlock)))}
    left = feature_set(UNCLIPPED.model_copy(update=off))
    assert {block_of(name, left.attributes) for name in left.names}.isdisjoint(
        get_args(OptionalBlock)
    )
    assert {group.name for group in left.groups} == {
        "shop_item", "item", "shop", "category", "shop_category",
    }  # fmt: skip


def test_a_block_that_there_is_not_is_refused_by_name() -> None:
    text = load_text("sample") + '\n[features]\nwithout = ["weather"]\n'
    with pytest.raises(ProfileError, match=r"mine.toml: features.without.0: .*neighbours"):
        parse_profile(text, "mine.toml")


def load_text(name: str) -> str:
    from importlib import resources

    return (resources.files("lakehouse.profile.profiles") / f"{name}.toml").read_text(
        encoding="utf-8"
    )
