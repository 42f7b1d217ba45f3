from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from builders import MIDNIGHT, cancel, events, own_id_profile, profile, record
from pydantic import ValidationError

from ingestion.sales.checks import MALFORMED, record_checks
from ingestion.sales.records import NOT_A_SALE, REJECTED, SALE, parse, rejected
from lakehouse.profile.profile import Profile
from lakehouse.types import TIMESTAMP


def parsed(value: bytes | None, meaning: Profile | None = None) -> dict[str, Any]:
    row: dict[str, Any] = parse(events(value), meaning or profile()).to_pylist()[0]
    return row


def test_a_records_fields_become_values() -> None:
    row = parsed(record(date="07.03.2015", shop_id=" 1", units="-2.0", price="9.5"))
    assert row["outcome"] == SALE
    assert row["reasons"] is None
    assert (row["date"], row["month"]) == (date(2015, 3, 7), date(2015, 3, 1))
    assert (row["shop_id"], row["item_id"]) == ("1", "10")
    assert (row["units"], row["price"]) == (Decimal("-2"), Decimal("9.5"))
    assert row["is_cancelled"] is False


def test_a_missing_updated_at_is_the_time_of_reception() -> None:
    assert parsed(record())["updated_at"] == MIDNIGHT
    stated = parsed(record(updated_at="2016-01-02T03:04:05Z"))["updated_at"]
    assert stated == datetime(2016, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_a_price_may_be_missing() -> None:
    assert parsed(record(price=None))["outcome"] == SALE
    assert parsed(record(price=""))["price"] is None


# One way to break each check, and only it.
BROKEN: dict[str, dict[str, Any]] = {
    "date_missing": {"date": " "},
    "date_unparsable": {"date": "2015/03/07"},
    "date_implausible": {"date": "1999-12-31"},
    "shop_id_missing": {"shop_id": None},
    "item_id_missing": {"item_id": ""},
    "shop_id_implausible": {"shop_id": "NULL"},
    "item_id_implausible": {"item_id": "4.60709E+12"},
    "sale_id_implausible": {"sale_id": "nan"},
    "units_missing": {"units": None},
    "units_unparsable": {"units": "two"},
    "units_implausible": {"units": "1001"},
    "price_unparsable": {"price": "9,50"},
    "price_implausible": {"price": "0"},
    "updated_at_unparsable": {"updated_at": "yesterday"},
    "updated_at_implausible": {"updated_at": "2051-03-07T10:00:00Z"},
    "op_unknown": {"op": "delete"},
}


@pytest.mark.parametrize(("name", "fields"), BROKEN.items())
def test_a_record_that_breaks_a_check_is_rejected_with_its_name(
    name: str, fields: dict[str, Any]
) -> None:
    row = parsed(record(**fields))
    assert (row["outcome"], row["reasons"]) == (REJECTED, [name])
    assert row["value"] == record(**fields)


FILE = "f" * 64
DAY = datetime(2015, 3, 7, tzinfo=UTC)


def received(value: bytes, at: datetime, source: str, ingested: datetime = MIDNIGHT) -> pa.Table:
    """One record as received at a time, ingested perhaps later."""
    table = events(value, received_at=at, source=source)
    column = pa.array([ingested], TIMESTAMP)
    return table.set_column(table.column_names.index("ingested_at"), "ingested_at", column)


@pytest.mark.parametrize(("days", "reasons"), [(-2, None), (-3, ["date_implausible"])])
def test_a_date_is_at_most_two_days_after_the_reception(
    days: int, reasons: list[str] | None
) -> None:
    at = DAY + timedelta(days)
    for kind, ingested in ((FILE, MIDNIGHT), ("topic", at)):
        row = parse(received(record(), at, kind, ingested), profile()).to_pylist()[0]
        assert row["reasons"] == reasons


@pytest.mark.parametrize(
    ("stated", "is_fine"),
    [
        ("2051-03-07T10:00:00Z", False),
        ("2020-01-03T00:00:00Z", True),
        ("2020-01-03T00:00:01Z", False),
        ("2015-03-05T00:00:00Z", True),
        ("2015-03-04T23:59:59Z", False),
        ("1970-01-17T17:49:33Z", False),
        ("2015-03-07T10:00:00.123456789Z", True),
    ],
)
def test_a_version_is_made_after_its_sale_and_before_its_reception(
    stated: str, is_fine: bool
) -> None:
    row = parsed(record(updated_at=stated))
    assert row["reasons"] == (None if is_fine else ["updated_at_implausible"])
    assert parsed(cancel("a", "1999-12-01T00:00:00Z"))["reasons"] == ["updated_at_implausible"]
    assert parsed(cancel("a", "2051-03-07"))["reasons"] == ["updated_at_implausible"]


@pytest.mark.parametrize("unit", ["1446573600", "1446573600000", "1446010212", "1446012341200"])
def test_a_number_is_no_time(unit: str) -> None:
    assert parsed(record(updated_at=unit))["reasons"] == ["updated_at_unparsable"]
    assert parsed(record(updated_at=int(unit)))["reasons"] == ["updated_at_unparsable"]


def test_a_message_sent_before_its_sale_or_tomorrow_is_of_its_ingestion() -> None:
    for sent in (
        datetime(1970, 1, 17, tzinfo=UTC),
        DAY - timedelta(3),
        datetime(2051, 1, 1, tzinfo=UTC),
    ):
        row = parse(received(record(), sent, "topic"), profile()).to_pylist()[0]
        assert (row["outcome"], row["updated_at"]) == (SALE, MIDNIGHT)
    of_file = parse(received(record(), DAY - timedelta(3), FILE), profile())
    assert of_file["outcome"].to_pylist() == [REJECTED]


def test_records_read_again_are_judged_by_their_reception_and_not_by_the_clock() -> None:
    values = [
        record(),
        record(date="2015-12-01"),
        record(updated_at="2016-01-01"),
        record(op="cancel"),
    ]
    table = events(*values, received_at=datetime(2015, 11, 1, tzinfo=UTC), source=FILE)
    assert parse(table, profile())["outcome"].to_pylist() == [SALE, REJECTED, REJECTED, SALE]


def with_marks(**files: str) -> Profile:
    shipped = profile().model_dump(mode="json", exclude_none=True)
    return Profile.model_validate({**shipped, "files": files})


def test_a_profiles_marks_are_of_its_files_and_not_of_messages() -> None:
    continental = with_marks(decimal=",", thousands=".")
    sale = record(price="1.299", units="1.000")
    (of_file,) = parse(events(sale, source=FILE), continental).to_pylist()
    (sent,) = parse(events(sale, source="topic"), continental).to_pylist()
    assert (of_file["price"], of_file["units"]) == (Decimal(1299), Decimal(1000))
    assert (sent["price"], sent["units"]) == (Decimal("1.299"), Decimal(1))


def test_a_return_may_have_its_minus_behind_or_as_a_dash_in_a_file() -> None:
    for text in ("2-", "\u22122", "\u20132", "2 -"):
        (row,) = parse(events(record(units=text), source=FILE), profile()).to_pylist()
        assert (row["reasons"], row["units"]) == (None, Decimal(-2))


def test_every_check_can_be_broken() -> None:
    names = {check.name for check in record_checks(profile())}
    assert names == {*BROKEN, "sale_id_missing"}


def test_a_record_names_all_the_checks_that_it_breaks() -> None:
    row = parsed(record(date="31.02.2015", item_id=None, units="x"))
    assert row["reasons"] == ["date_unparsable", "item_id_missing", "units_unparsable"]


@pytest.mark.parametrize("value", [None, b"", b"07.03.2015,26,1", b"[1]", b"\xff\xfe", b'"x"'])
def test_what_is_no_record_is_malformed_and_nothing_else(value: bytes | None) -> None:
    row = parsed(value)
    assert (row["outcome"], row["reasons"]) == (REJECTED, [MALFORMED.name])


def test_the_ends_of_a_plausible_range_are_plausible() -> None:
    assert parsed(record(units="-100", price="0.01"))["outcome"] == SALE
    assert parsed(record(units="1000", price="100000"))["outcome"] == SALE


def test_zero_units_without_an_id_are_an_item_on_offer() -> None:
    row = parsed(record(units="0.0"))
    assert (row["outcome"], row["sale_id"]) == (NOT_A_SALE, None)


def test_zero_units_with_an_id_are_a_version_of_the_sale() -> None:
    assert parsed(record(units="0", sale_id="a"))["outcome"] == SALE
    assert parsed(record(units="0"), profile(identity=["date", "shop_id"]))["outcome"] == SALE


def test_a_cancel_needs_only_the_sale_and_a_time() -> None:
    row = parsed(cancel("a", "2016-01-01T00:00:00Z"))
    assert (row["outcome"], row["sale_id"], row["is_cancelled"]) == (SALE, "a", True)
    assert (row["date"], row["shop_id"], row["units"]) == (None, None, None)


def test_a_cancel_with_the_content_of_a_sale_names_that_sale() -> None:
    row = parsed(record(op="CANCEL"))
    assert (row["sale_id"], row["is_cancelled"]) == (parsed(record())["sale_id"], True)


@pytest.mark.parametrize("meaning", [profile(), own_id_profile()])
def test_a_cancel_that_names_no_sale_is_rejected(meaning: Profile) -> None:
    row = parsed(record(op="cancel", units=None), meaning)
    assert row["reasons"] == ["sale_id_missing"]


def test_a_sale_without_the_id_that_its_profile_asks_for_is_rejected() -> None:
    assert parsed(record(), own_id_profile())["reasons"] == ["sale_id_missing"]


def test_rejected_records_keep_everything_that_was_received() -> None:
    received = events(record(), record(units="x"), b"?")
    kept = rejected(parse(received, profile()))
    assert kept["offset"].to_pylist() == [1, 2]
    assert kept["value"].to_pylist() == received["value"].to_pylist()[1:]
    assert kept["reasons"].to_pylist() == [["units_unparsable"], ["record_malformed"]]


GOODS = {"item_is_goods": {"field": "item_id", "pattern": "[0-9]{5}|M[0-9]+"}}


@pytest.mark.parametrize(
    ("item_id", "outcome"),
    [("85123", SALE), (" M7 ", SALE), ("POST", REJECTED), ("185123", REJECTED)],
)
def test_a_profiles_own_check_rejects_by_its_name_where_the_whole_id_does_not_match(
    item_id: str, outcome: str
) -> None:
    row = parsed(record(item_id=item_id), profile(checks=GOODS))
    assert row["outcome"] == outcome
    assert row["reasons"] == (["item_is_goods"] if outcome == REJECTED else None)


def test_a_cancel_without_the_id_breaks_no_check_of_the_profile() -> None:
    assert parsed(cancel("a", "2015-01-02T00:00:00Z"), profile(checks=GOODS))["outcome"] == SALE


@pytest.mark.parametrize(
    ("checks", "fault"),
    [
        ({"goods": {"field": "item_id", "pattern": "("}}, "no regular expression of RE2"),
        ({"item_missing": {"field": "item_id", "pattern": "x"}}, "not ending in"),
        ({"Goods": {"field": "item_id", "pattern": "x"}}, "small letters"),
        ({"goods": {"field": "price", "pattern": "x"}}, "shop_id"),
    ],
)
def test_a_wrong_check_of_a_profile_is_refused(checks: dict[str, Any], fault: str) -> None:
    with pytest.raises(ValidationError, match=fault):
        profile(checks=checks)
