"""An id has one form, whichever way it comes in."""

import json
import unicodedata

import pyarrow as pa
import pytest
from builders import events, profile, record
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from ingestion.catalogue.messages import newest_records, read_message
from ingestion.catalogue.records import latest_records
from ingestion.inputs.records import InputRecords
from ingestion.sales.records import REJECTED, parse
from ingestion.sales.replacements import read_all, replaced_day
from lakehouse.profile.profile import Profile
from lakehouse.tables.inputs import INPUTS
from lakehouse.values import EXPONENT, INVISIBLE, MISSING, clean_id, plausible_id, write_texts
from serving.models import Id
from streaming.contract import DAILY_SALES, faults, schema

# As written, and as it is known: None where it can be no id.
FORMS: list[tuple[str, str | None]] = [
    ("10", "10"),
    ("00010", "00010"),
    ("1.10", "1.10"),
    ("1.5", "1.5"),
    ("12E3", "12E3"),
    ("7E-2", "7E-2"),
    ("SKU-1e5", "SKU-1e5"),
    ("0e1f", "0e1f"),
    ("#10", "#10"),
    ("-1", "-1"),
    ("NA-1", "NA-1"),
    ("Nil's", "Nil's"),
    ("A  B", "A  B"),
    ("9007199254740993", "9007199254740993"),
    ("10.0", "10"),
    ("10.00", "10"),
    (" 10.0\t", "10"),
    ("-0.0", "0"),
    ("9007199254740993.0", "9007199254740993"),
    ("007.0", "007.0"),
    ("Z\u00fcrich", "Z\u00fcrich"),
    ("Zu\u0308rich", "Z\u00fcrich"),
    ("Z\u00fcrich\u200b", "Z\u00fcrich"),
    ("\ufeffZ\u00fc\u00adrich", "Z\u00fcrich"),
    ("Zu\u034f\u0308rich\ufe0f", "Z\u00fcrich"),
    ("\u202eA\u2069\u2060B", "AB"),
    ("\u00a0A\u202fB\u3000", "A B"),
    ("A\x1fB", "AB"),
    ("1\u200b0.0", "10"),
    *((word, None) for word in ("NULL", "null", "\\N", "nan", "NaN", "None", "NA", "N/A", "n/a")),
    *((word, None) for word in ("#N/A", "#REF!", "(null)", "<NA>", "[NULL]", "-", "--", "\u2014")),
    *((word, None) for word in ("?", "undefined", "NaT", "inf", "1.#QNAN", "NU\u200bLL")),
    *((text, None) for text in ("4.60709E+12", "1E+05", "1e+16", "1e1", "1.0E7", "-4.6e12")),
    ("\u200b", None),
    ("\u00a0", None),
]


def by_file(text: str) -> str | None:
    row = parse(events(record(item_id=text), source="f" * 64), profile()).to_pylist()[0]
    return None if row["outcome"] == REJECTED else row["item_id"]


def by_shop_of_a_message(text: str) -> str | None:
    row = parse(events(record(shop_id=text), source="topic"), profile()).to_pylist()[0]
    return None if row["outcome"] == REJECTED else row["shop_id"]


def by_sale_id(text: str) -> str | None:
    row = parse(events(record(sale_id=text)), profile()).to_pylist()[0]
    is_other = row["outcome"] == REJECTED or not row["is_named"]
    return None if is_other else row["sale_id"]


def by_replaced_day(text: str) -> str | None:
    day = {"op": "replace", "shop_id": text, "date": "2015-03-07", "updated_at": "2015-03-08"}
    event = events(json.dumps({**day, "lines": [{"item_id": "1", "units": 1}]}).encode())
    (row,) = read_all(event, profile()).to_pylist()
    kept = replaced_day(event.to_pylist()[0], day)
    assert (kept or {}).get("shop_id") == row["shop_id"]
    return row["shop_id"]


def by_list(text: str) -> str | None:
    shops = events(json.dumps({"shop_id": text, "name": "A"}).encode())
    read, left_out = latest_records(shops, profile().shops, "shop_id")
    assert len(read) + left_out == 1
    return next(iter(read), None)


def by_category(text: str) -> str | None:
    items = events(json.dumps({"item_id": "1", "category_id": text}).encode())
    return latest_records(items, profile().items, "item_id")[0]["1"]["category_id"]


def by_catalogue_message(text: str) -> str | None:
    message = {"updated_at": "2015-03-07", "shops": [{"shop_id": text, "name": "A"}]}
    read = read_message(json.dumps(message).encode())
    if read is None:
        return None
    return next(iter(newest_records([{**read, "order": ()}], "shops", "shop_id", profile().shops)))


def by_alias(text: str) -> str | None:
    message = {"updated_at": "2015-03-07", "shops": [{"shop_id": "1", "alias_of": text}]}
    read = {**(read_message(json.dumps(message).encode()) or {}), "order": ()}
    return newest_records([read], "shops", "shop_id", profile().shops)["1"]["alias_of"]


def by_input(text: str) -> str | None:
    reader = InputRecords(INPUTS["delistings"], ("item_id", "delisted_on"), "yyyy-MM-dd")
    value = {"item_id": text, "delisted_on": "2015-03-07"}
    return next(iter(reader.rows(events(json.dumps(value).encode()))["item_id"].to_pylist()), None)


def by_question(text: str) -> str | None:
    try:
        return str(TypeAdapter(Id).validate_python(text))
    except ValidationError:
        return None


def by_profile(text: str) -> str | None:
    shipped = profile().model_dump(mode="json", exclude_none=True)
    shops = {**shipped["shops"], "aliases": {"other": text}}
    try:
        return Profile.model_validate({**shipped, "shops": shops}).shops.aliases["other"]
    except ValidationError:
        return None


WAYS = (by_file, by_shop_of_a_message, by_sale_id, by_replaced_day, by_list, by_category,
        by_catalogue_message, by_alias, by_input, by_question, by_profile)  # fmt: skip


@pytest.mark.parametrize(("text", "known"), FORMS)
def test_an_id_is_the_same_by_every_way_in(text: str, known: str | None) -> None:
    assert plausible_id(text) == known
    assert {way.__name__: way(text) for way in WAYS} == {way.__name__: known for way in WAYS}


@pytest.mark.parametrize(
    ("token", "known"),
    [("1", "1"), ("1.0", "1"), ("10.0", "10"), ("1e0", "1"), ("1e1", "10"), ("10.0E0", "10"),
     ("1e+16", "10000000000000000"), ("9007199254740993", "9007199254740993"),
     ("9007199254740992", "9007199254740992"), ("1e400", None), ("-0.0", "0")],
)  # fmt: skip
def test_a_json_number_is_the_id_of_its_value(token: str, known: str | None) -> None:
    sale = record(item_id="?").replace(b'"?"', token.encode())
    row = parse(events(sale), profile()).to_pylist()[0]
    assert (None if row["outcome"] == REJECTED else row["item_id"]) == known
    message = f'{{"updated_at":"2015-03-07","shops":[{{"shop_id":{token}}}]}}'.encode()
    assert (read_message(message) is None) == (known is None)


@pytest.mark.parametrize(("text", "known"), FORMS)
@pytest.mark.parametrize("name", ["shop_id", "item_id", "sale_id"])
def test_the_contract_takes_the_ids_that_are_read(name: str, text: str, known: str | None) -> None:
    sale = json.loads(record(**{name: text}))
    is_kept = parse(events(json.dumps(sale).encode()), profile())["outcome"][0].as_py() != REJECTED
    if "\u200b" not in text or known:
        assert (faults(DAILY_SALES, sale) == []) == is_kept


def test_the_contract_states_the_expressions_that_ids_are_read_by() -> None:
    seen = INVISIBLE.pattern[1:].split("\U0001bca0")[0]
    no_word = rf"^(?!\s*(?:{MISSING}|{EXPONENT})\s*$)"
    for kind in (DAILY_SALES, "catalogue"):
        assert schema(kind)["$defs"]["id"]["pattern"] == rf"{no_word}[\s\S]*[^\s{seen}]"
    assert schema(DAILY_SALES)["$defs"]["optional_id"]["pattern"] == no_word


@settings(deadline=None)
@given(st.text(st.characters(codec="utf-8")))
def test_a_form_once_found_stays(text: str) -> None:
    found = clean_id(text)
    if found is not None:
        assert clean_id(found) == found
        assert unicodedata.is_normalized("NFC", found)
        assert found == found.strip()
        assert not INVISIBLE.search(found)


@settings(deadline=None)
@given(st.from_regex(r"\A[!-~]([ -~]*[!-~])?\Z"))
def test_a_plain_text_is_its_own_form_unless_it_is_a_whole_float(text: str) -> None:
    is_whole = text.rstrip("0").endswith(".") and text[-1] == "0"
    assert clean_id(text) == text or is_whole


def test_typed_columns_are_written_as_ids_are_read() -> None:
    floats = [10.0, 12345670.0, 1e15, 9007199254740991.0, 9007199254740992.0, 1.5, None]
    texts = write_texts(pa.array(floats)).to_pylist()
    assert [plausible_id(text) for text in texts] == [
        "10", "12345670", "1000000000000000", "9007199254740991", None, "1.5", None,
    ]  # fmt: skip
    narrow = write_texts(pa.array([2.0**24 - 1, 2.0**24], pa.float32())).to_pylist()
    assert [plausible_id(text) for text in narrow] == ["16777215", None]
    assert write_texts(pa.array([2**53 + 1, 10])).to_pylist() == ["9007199254740993", "10"]
    assert write_texts(pa.array([899.5, 3.0]), ",").to_pylist() == ["899,5", "3"]
