from datetime import date

import pytest

from lakehouse.profile.date_format import date_reader

FIRST_OF_MARCH = date(2014, 3, 1)


@pytest.mark.parametrize("text", ["01.03.2014", "2014-03-01"])
def test_a_date_is_read_in_the_files_format_or_in_iso_form(text: str) -> None:
    assert date_reader("dd.MM.yyyy")(text) == FIRST_OF_MARCH


@pytest.mark.parametrize(
    "text", ["31.02.2014", "2014-02-31", "1.3.2014", "01/03/2014", "01.03.14", "01.03.2014 ", "x"]
)
def test_a_text_that_is_no_day_in_that_format_is_no_date(text: str) -> None:
    assert date_reader("dd.MM.yyyy")(text) is None


def test_a_time_of_day_beside_the_date_is_left_out() -> None:
    assert date_reader("d/M/yyyy HH:mm:ss")("1/3/2014 23:59:59") == FIRST_OF_MARCH


@pytest.mark.parametrize(
    ("date_format", "fault"),
    [("dd.MMM.yyyy", "MMM"), ("MM.yyyy", "year, month and day"), ("dd.dd.MM.yyyy", "twice")],
)
def test_a_format_that_cannot_be_read_does_not_construct(date_format: str, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        date_reader(date_format)
