from pathlib import Path

import pytest

from lakehouse.errors import ProfileError
from lakehouse.profile import load_profile, shipped

SHIPPED = Path(__file__).parents[2] / "lakehouse" / "profiles"


@pytest.mark.parametrize("name", shipped())
def test_a_shipped_profile_is_valid_and_bears_its_name(name: str) -> None:
    assert load_profile(name).name == name


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("version = 1", "version = 1\ncolour = 'red'", "colour"),
        ('currency = "RUB"', "currency = 7", "currency"),
        ('units = "item_cnt_day"', 'unit = "item_cnt_day"', r"sales\.columns\.unit"),
        ('"dd.MM.yyyy"', '"dd.MMM.yyyy"', r"sales\.date_format"),
        ('identity = "content"', 'identity = "sale_id"', "sales: .*sale_id"),
        ("min = 0.01", "min = 'low'", r"sales\.plausible\.price\.min"),
        ("'^!?\\s*(\\S+)'", "'^!?\\s*\\S+'", r"shops\.attributes\.city\.pattern"),
        ('0 = "57"', '0 = "1"', "shops: .*aliases: 1"),
        ('item_id = "item_id", name', "name", r"items\.columns"),
        ("[sales]", "[sales", "not TOML"),
    ],
)
def test_a_bad_key_is_named_with_its_file(old: str, new: str, key: str, tmp_path: Path) -> None:
    text = (SHIPPED / "1c.toml").read_text(encoding="utf-8")
    assert old in text
    mine = tmp_path / "mine.toml"
    mine.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ProfileError, match=rf"mine\.toml: .*{key}"):
        load_profile(str(mine))


def test_a_profile_that_is_not_there_names_those_that_are() -> None:
    with pytest.raises(ProfileError, match="'2c': not found; name one of 1c, m5, sample"):
        load_profile("2c")
