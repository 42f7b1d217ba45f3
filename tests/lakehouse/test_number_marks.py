from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from lakehouse.number_marks import Marks
from lakehouse.types import PRICE
from lakehouse.values import decimal_reader

PLAIN, CONTINENTAL = Marks(), Marks(decimal=",", thousands=".")
ENGLISH, SWISS, FRENCH = (
    Marks(thousands=","),
    Marks(thousands="'"),
    Marks(decimal=",", thousands=" "),
)


@pytest.mark.parametrize(
    ("marks", "text", "number"),
    [
        (PLAIN, "1.299", "1.299"),
        (PLAIN, ".5", "0.5"),
        (PLAIN, "+.5", "0.5"),
        (PLAIN, "2-", "-2"),
        (PLAIN, "2.5 -", "-2.5"),
        (PLAIN, "\u22121", "-1"),
        (PLAIN, "1e3", "1000"),
        (CONTINENTAL, "1.299", "1299"),
        (CONTINENTAL, "-1.299.000,5", "-1299000.5"),
        (CONTINENTAL, "899,50-", "-899.5"),
        (CONTINENTAL, "1299,5", "1299.5"),
        (CONTINENTAL, ",5", "0.5"),
        (ENGLISH, "1,299.00", "1299"),
        (SWISS, "1'299", "1299"),
        (SWISS, "1\u2019299.50", "1299.5"),
        (FRENCH, "1 299,00", "1299"),
    ],
)
def test_a_number_is_read_by_the_marks(marks: Marks, text: str, number: str) -> None:
    assert decimal_reader(PRICE, marks)(text) == Decimal(number)


@pytest.mark.parametrize(
    ("marks", "text"),
    [
        *(
            (PLAIN, text)
            for text in ("899,50", "1,299.00", "(2)", "1'299", "-2-", "-", "--2", "\u20ac899")
        ),
        *((CONTINENTAL, text) for text in ("0.299", "12.99", "1.2999", "1.2.3", "1,2.3", "1,2,3")),
        *((CONTINENTAL, text) for text in (".299", "1299.000", "1.", "1..299")),
        *((ENGLISH, text) for text in ("1,29", "1.299,00", ",299")),
        (Marks(decimal=","), "1.299"),
    ],
)
def test_a_text_that_the_marks_cannot_be_in_is_no_number(marks: Marks, text: str) -> None:
    assert decimal_reader(PRICE, marks)(text) is None


@settings(deadline=None)
@given(
    st.decimals(-(10**9), 10**9, places=2), st.sampled_from([CONTINENTAL, ENGLISH, SWISS, FRENCH])
)
def test_what_is_written_with_marks_is_read_again(number: Decimal, marks: Marks) -> None:
    text = f"{number:,.2f}".translate({44: marks.thousands, 46: marks.decimal})
    assert decimal_reader(PRICE, marks)(text) == number


def test_the_marks_of_fraction_and_thousands_differ() -> None:
    for mark in (".", ","):
        with pytest.raises(ValidationError, match="decimal and thousands are both"):
            Marks(decimal=mark, thousands=mark)
