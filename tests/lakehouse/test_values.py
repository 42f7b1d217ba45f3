from datetime import UTC, datetime
from decimal import Decimal

import pyarrow as pa
import pytest

from lakehouse.types import UNITS
from lakehouse.values import decimal_reader, each, number_text, timestamp

READ = decimal_reader(UNITS)


@pytest.mark.parametrize(
    ("text", "number"),
    [("1", "1.000"), ("-1.0", "-1.000"), ("+.5", "0.500"), ("1e3", "1000.000"), ("2.", "2.000"),
     ("1.2345", "1.235"), ("999999999999999.999", "999999999999999.999")],
)  # fmt: skip
def test_a_number_is_read_exactly_and_rounded_half_up(text: str, number: str) -> None:
    assert READ(text) == Decimal(number)


@pytest.mark.parametrize(
    "text", ["", "x", "1,5", "1 000", "NaN", "Infinity", "0x1", "1_0", "١", "1e15", "1e999"]
)
def test_a_text_that_is_no_number_of_the_type_is_none(text: str) -> None:
    assert READ(text) is None


def test_a_number_that_rounds_out_of_its_type_is_none() -> None:
    assert READ("999999999999999.9999") is None


@pytest.mark.parametrize(
    ("number", "text"),
    [("399.000", "399"), ("0.000", "0"), ("100", "100"), ("-0.500", "-0.5"), ("1E+3", "1000")],
)
def test_a_number_is_written_without_zeros_at_the_end_of_its_fraction(
    number: str, text: str
) -> None:
    assert number_text(Decimal(number)) == text


def test_a_timestamp_without_a_zone_is_utc() -> None:
    assert timestamp("2015-03-07T10:00:00") == datetime(2015, 3, 7, 10, tzinfo=UTC)
    assert timestamp("2015-03-07T12:00:00+02:00") == datetime(2015, 3, 7, 10, tzinfo=UTC)
    assert timestamp("07.03.2015") is None


def test_each_text_is_read_once() -> None:
    read: list[str] = []
    texts = pa.array(["a", "b", None, "a"])
    values = each(texts, lambda text: read.append(text) or text.upper(), pa.string())
    assert values.to_pylist() == ["A", "B", None, "A"]
    assert sorted(read) == ["a", "b"]
