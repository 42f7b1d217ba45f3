import json
from unittest import mock

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.json_records import (
    read_at_once,
    read_one_by_one,
    read_record,
    read_records,
    write_records,
)

NAMES = ("a", "b")
SCHEMA = pa.schema([(name, pa.string()) for name in NAMES])
TEXT = st.text(st.characters(codec="utf-8")) | st.none()


@settings(deadline=None)
@given(st.lists(st.tuples(TEXT, TEXT), min_size=1))
def test_what_is_written_is_read_again(rows: list[tuple[str | None, str | None]]) -> None:
    table = pa.Table.from_pylist([dict(zip(NAMES, row, strict=True)) for row in rows], SCHEMA)
    values = write_records(table).cast(pa.binary())
    fields, is_malformed = read_records(values, NAMES)
    assert fields.to_pylist() == table.to_pylist()
    assert not any(is_malformed.to_pylist())


def test_a_row_is_json_in_the_order_of_the_columns() -> None:
    table = pa.table({"b": ['"é'], "a": pa.array([None], pa.string())})
    assert write_records(table).to_pylist() == ['{"b":"\\"é","a":null}']


FRAGMENTS = st.sampled_from(
    ['{"a":"1"}', '{"a":"1","b":"2"}', '{"a":1}', '{"a":{"b":"x"}}', '{"a":"1"}{"a":"2"}', "{}",
     '{"a":"', '1"}', "", "1,2,3", "null", '{"c":"x"}', '{"a":null}', '{"a":"\\u00e9"}', "{ }",
     '{"a":"1"}\n{"a":"2"}', '{"a":true}', '[{"a":"1"}]', '{"a":"1"} x', '{"a":"1","a":"2"}',
     '{"a":"\\ud800"}', '{"a":"x}', '{x"}', '{"a":NaN}', ' {"a":"1"}']
)  # fmt: skip


@settings(deadline=None)
@given(st.lists(FRAGMENTS.map(str.encode) | st.binary(max_size=6) | st.none()))
def test_reading_at_once_is_reading_one_by_one(values: list[bytes | None]) -> None:
    array = pa.array(values, pa.binary())
    fields, is_malformed = read_records(array, NAMES)
    slow_fields, slow_malformed = read_one_by_one(array, SCHEMA)
    assert is_malformed.to_pylist() == slow_malformed.to_pylist()
    assert fields.to_pylist() == slow_fields.to_pylist()


def test_texts_alone_are_read_at_once() -> None:
    objects = pa.array([b'{"a":"1"}', b'{"b":null,"c":"x"}'])
    read = read_at_once(objects, SCHEMA)
    assert read is not None
    assert read.to_pylist() == [{"a": "1", "b": None}, {"a": None, "b": None}]


NUMBER = st.from_regex(r"\A-?(0|[1-9][0-9]{0,20})([.][0-9]{1,20})?([eE][+-]?[0-9]{1,2})?\Z")
TEXT_OF_JSON = st.text(st.sampled_from('ab:{}[],"\\ 01.5eE-\n\u00e9\u200b'), max_size=8)
VALUE = (
    NUMBER
    | TEXT_OF_JSON.map(json.dumps)
    | st.sampled_from(["null", "true", "[1]", "01", "+1", "1.", ".5"])
)
KEY = st.sampled_from(["a", "b", "c", "\\u0061", 'a\\"', ":1,"])
MEMBER = st.tuples(KEY, st.sampled_from(["", " ", "\n"]), VALUE, st.sampled_from(["", " ", "\t"]))


@settings(deadline=None)
@given(st.lists(st.lists(MEMBER, max_size=4), min_size=1, max_size=5))
def test_numbers_read_at_once_are_those_read_one_by_one(
    records: list[list[tuple[str, ...]]],
) -> None:
    """Whatever the order, the blanks, the escapes, and texts that look like members."""
    values = [
        (
            "{"
            + ",".join(f'"{key}":{before}{value}{after}' for key, before, value, after in record)
            + "}"
        )
        for record in records
    ]
    array = pa.array([value.encode() for value in values], pa.binary())
    fields, is_malformed = read_records(array, NAMES)
    slow_fields, slow_malformed = read_one_by_one(array, SCHEMA)
    assert is_malformed.to_pylist() == slow_malformed.to_pylist()
    assert fields.to_pylist() == slow_fields.to_pylist()


def test_numbers_without_exponent_are_read_at_once_and_exactly() -> None:
    objects = pa.array([b'{"a": 899.10, "b" :9007199254740993}', b'{"a":"x", "b":-0.30}'])
    read = read_at_once(objects, SCHEMA)
    assert read is not None
    assert read.to_pylist() == [
        {"a": "899.10", "b": "9007199254740993"},
        {"a": "x", "b": "-0.30"},
    ]


def test_one_odd_record_does_not_slow_the_others() -> None:
    """Only those near it are read one by one: of 10,000 records at most 64."""
    values = pa.array([b'{"a":1}'] * 5_000 + [b'{"a":{}}'] + [b'{"a":1}'] * 4_999, pa.binary())
    with mock.patch("ingestion.json_records.read_record", wraps=read_record) as reader:
        fields, is_malformed = read_records(values, NAMES)
    assert reader.call_count <= 64
    assert is_malformed.to_pylist().index(True) == 5_000
    assert fields["a"].to_pylist().count("1") == 9_999


@pytest.mark.parametrize(
    ("token", "text"),
    [
        ("1e1", "10"),
        ("10.0e-1", "1.00"),
        ("1E+16", "1" + "0" * 16),
        ("1e400", "1e400"),
        ("1e9999999999999999999", "1e9999999999999999999"),
    ],
)
def test_a_number_with_an_exponent_is_written_in_full_within_reason(token: str, text: str) -> None:
    assert read_record(f'{{"a":{token}}}'.encode(), NAMES) == {"a": text, "b": None}


def test_a_number_is_read_as_it_is_written() -> None:
    assert read_record(b'{"a":399.10,"b":10000000000000000000001}', NAMES) == {
        "a": "399.10",
        "b": "10000000000000000000001",
    }


@pytest.mark.parametrize(
    "value", [None, b"", b"1,2", b"[]", b'{"a":[]}', b'{"a":true}', b"\xff", b'{"a":"\\ud800"}']
)
def test_what_is_no_object_of_texts_and_numbers_is_no_record(value: bytes | None) -> None:
    assert read_record(value, NAMES) is None


def test_a_deep_value_is_no_record() -> None:
    assert read_record(b'{"a":' + b"[" * 100_000, NAMES) is None
    assert json.dumps(read_record(b'{"c":[[]]}', NAMES)) == '{"a": null, "b": null}'
