"""Every column of the model belongs to one block, and no block is empty everywhere."""

import pytest

from features.blocks import block_of, blocks
from features.feature_set import feature_set
from lakehouse.profile import load_profile, shipped

FEATURES = [feature_set(load_profile(name)) for name in shipped()]


def test_every_column_is_of_a_block() -> None:
    for features in FEATURES:
        names = {block.name for block in blocks(features.attributes)}
        assert {block_of(name, features.attributes) for name in features.names} <= names


def test_no_block_is_empty() -> None:
    used = {block_of(name, f.attributes) for f in FEATURES for name in f.names}
    assert used == {block.name for f in FEATURES for block in blocks(f.attributes)}


def test_a_column_of_no_block_is_refused() -> None:
    with pytest.raises(ValueError, match="weather: of no block; add it"):
        block_of("weather", FEATURES[0].attributes)
