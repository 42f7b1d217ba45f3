from datetime import date
from decimal import Decimal

import pytest
from builders import events, own_id_profile, profile, record

from ingestion.sales.identity import sale_id
from ingestion.sales.records import parse
from lakehouse.profile.profile import Profile

# printf '2013-01-02\x1f59\x1f22154\x1f1\x1f999' | sha256sum; without a price '…\x1f1\x1f'.
GOLDEN = "b07af097e13f33fdf93fdd9750b3c7e1"
GOLDEN_WITHOUT_PRICE = "6613c9818f6ca04ecdbf18a17b8182be"
SALE = {"date": "2013-01-02", "shop_id": "59", "item_id": "22154", "units": "1", "price": "999"}


def id_of(meaning: Profile, **fields: object) -> str:
    return str(parse(events(record(**{**SALE, **fields})), meaning)["sale_id"][0].as_py())


def test_the_identity_of_a_sale_is_known_for_ever() -> None:
    values = (date(2013, 1, 2), "59", "22154", Decimal("1.000"), Decimal("999.000000"))
    assert sale_id(values) == GOLDEN
    assert id_of(profile()) == GOLDEN
    assert id_of(profile(), price=None) == GOLDEN_WITHOUT_PRICE


@pytest.mark.parametrize(
    "fields",
    [
        {"date": "02.01.2013"},
        {"units": "1.0", "price": "999.000"},
        {"units": 1, "price": 999.0},
        {"shop_id": " 59 ", "item_id": "\t22154"},
        {"price": "9.99e2"},
    ],
)
def test_the_same_sale_written_otherwise_has_the_same_identity(fields: dict[str, object]) -> None:
    assert id_of(profile(), **fields) == GOLDEN


@pytest.mark.parametrize(
    "fields",
    [
        {"date": "2013-01-03"},
        {"shop_id": "5", "item_id": "922154"},
        {"shop_id": "059"},
        {"units": "-1"},
        {"price": "998.999999"},
        {"price": None},
    ],
)
def test_another_sale_has_another_identity(fields: dict[str, object]) -> None:
    assert id_of(profile(), **fields) != GOLDEN


def test_a_natural_key_leaves_the_rest_of_the_record_out() -> None:
    meaning = profile(identity=["date", "shop_id", "item_id"])
    assert id_of(meaning) == id_of(meaning, units="7", price=None)
    assert id_of(meaning) != id_of(meaning, item_id="7")


def test_an_id_of_its_own_is_the_identity() -> None:
    assert id_of(own_id_profile(), sale_id=" till-7 ") == "till-7"
    assert id_of(profile(), sale_id="till-7") == "till-7"
