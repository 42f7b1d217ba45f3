from pathlib import Path

import pytest

from features.feature_set import feature_set
from lakehouse.errors import ProfileError
from lakehouse.profile.lists import column_name
from lakehouse.profile.profile import list_shipped_profiles, load_profile

SHIPPED = Path(__file__).parents[2] / "lakehouse" / "profile" / "profiles"


@pytest.mark.parametrize("name", list_shipped_profiles())
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
        ('identity = "content"', 'identity = ["sale_id"]', "identity lists sale_id; it is"),
        ('identity = "content"', 'identity = ["date", "updated_at"]', "a list of different fields"),
        ('identity = "content"', 'identity = ["date", "date"]', "a list of different fields"),
        ('units = "item_cnt_day"', 'units = "u"\nsale_id = "id"', 'set identity = "sale_id", or'),
        ("[sales]", '[files]\ndecimal = "."\nthousands = "."\n[sales]', "name two marks"),
        ("[sales]", '[files]\ndecimal = ";"\n[sales]', r"files\.decimal"),
        ('0 = "57"', '0 = "NULL"', "'NULL' can be no shop's id"),
        ("min = 0.01", "min = 'low'", r"sales\.plausible\.price\.min"),
        ("'^!?\\s*(\\S+)'", "'^!?\\s*\\S+'", r"shops\.attributes\.city\.pattern"),
        ('0 = "57"', '0 = "1"', "shops: .*aliases: 1"),
        ('item_id = "item_id", name', "name", r"items\.columns"),
        ("[sales]", "[sales", "not TOML"),
        ("city = {", "type = {", "attributes: type is of shops and of items; rename one"),
        ("city = {", "type_of_shop = {", "attributes: 'type_of_shop' begins as 'type' does"),
        ("city = {", "price = {", "attribute 'price': small letters"),
        ("city = {", "City = {", r"shops\.attributes\.City.*small letters"),
        ("subtype = {", "target_group = {", r"categories\.attributes\.target_group"),
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


def test_a_profile_that_cannot_be_read_is_told_with_its_name(tmp_path: Path) -> None:
    (folder := tmp_path / "folder.toml").mkdir()
    (other := tmp_path / "other.toml").write_bytes('name = "Caf\xe9"'.encode("latin-1"))
    for file in (folder, other):
        with pytest.raises(ProfileError, match=f"profile '{file}': cannot be read"):
            load_profile(str(file))


@pytest.mark.parametrize("name", ["city", "c", "type_2", "salesperson", "a" * 40])
def test_a_name_that_can_be_a_column_names_an_attribute(name: str) -> None:
    assert column_name(name) == name


@pytest.mark.parametrize("name", ["", "City", "2nd", "_city", "the city", "city-name", "a" * 41])
def test_a_name_that_is_no_column_does_not_name_an_attribute(name: str) -> None:
    with pytest.raises(ValueError, match=f"attribute '{name}': small letters, digits and _"):
        column_name(name)


def test_an_attribute_has_no_name_of_a_key_a_measure_or_a_column_of_the_panel() -> None:
    features = feature_set(load_profile("sample"))
    groups = features.groups[:5]
    keys = {name for group in groups for name in (*group.keys, *features.attributes.item[:1])}
    measures = {measure.name for group in groups for measure in group.measures}
    columns = {feature.name for feature in features.calendar}
    for name in ("month", "attributes", *keys, *measures, *columns):
        with pytest.raises(ValueError, match="not beginning with"):
            column_name(name)


@pytest.mark.parametrize("identity", ['"content"', '["date", "shop_id", "item_id"]'])
def test_a_profile_that_names_sales_twice_is_refused(identity: str, tmp_path: Path) -> None:
    """Either the sale_id would be passed over, or the fields that identity lists."""
    text = (SHIPPED / "sample.toml").read_text(encoding="utf-8")
    mine = tmp_path / "mine.toml"
    mine.write_text(
        text.replace('identity = "content"', f"identity = {identity}").replace(
            "[sales.columns]", '[sales.columns]\nsale_id = "receipt"'
        )
    )
    with pytest.raises(ProfileError, match="columns maps sale_id, which identifies a sale alone"):
        load_profile(str(mine))
