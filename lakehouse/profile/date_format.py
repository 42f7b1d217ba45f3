"""Dates as files write them: a pattern such as dd.MM.yyyy, read strictly."""

import re
from collections.abc import Callable
from datetime import date

ISO = "yyyy-MM-dd"
# A time of day may stand beside the date; it is read and left out.
TOKENS = {
    "yyyy": r"(?P<year>\d{4})",
    "MM": r"(?P<month>\d{2})",
    "M": r"(?P<month>\d{1,2})",
    "dd": r"(?P<day>\d{2})",
    "d": r"(?P<day>\d{1,2})",
    "HH": r"\d{2}",
    "mm": r"\d{2}",
    "ss": r"\d{2}",
}
PIECE = re.compile(r"yyyy|MM?|dd?|HH|mm|ss|[^A-Za-z]|(?P<unknown>[A-Za-z]+)")


def date_pattern(date_format: str) -> re.Pattern[str]:
    """Turn a format into a regular expression with the groups year, month and day.

    Raises:
        ValueError: a letter that is not part of a known token, or one of the groups is missing.
    """
    pieces = [checked(piece) for piece in PIECE.finditer(date_format)]
    try:
        pattern = re.compile("".join(pieces), re.ASCII)
    except re.error as error:
        raise ValueError(f"'{date_format}' names a part of the date twice ({error})") from None
    if set(pattern.groupindex) != {"year", "month", "day"}:
        raise ValueError(f"'{date_format}' does not name year, month and day")
    return pattern


def checked(piece: re.Match[str]) -> str:
    """Turn one piece of a format into a regular expression."""
    if piece["unknown"]:
        raise ValueError(f"'{piece.string}': '{piece[0]}' is none of {', '.join(TOKENS)}")
    return TOKENS.get(piece[0], re.escape(piece[0]))


def date_reader(date_format: str) -> Callable[[str], date | None]:
    """Make the function that reads dates in ISO form or in a format; None: not such a date."""
    patterns = [date_pattern(known) for known in dict.fromkeys((ISO, date_format))]

    def read(text: str) -> date | None:
        found = next((match for p in patterns if (match := p.fullmatch(text))), None)
        return day_of(found) if found else None

    return read


def day_of(found: re.Match[str]) -> date | None:
    """Return the day that a pattern found; None where the calendar has no such day."""
    try:
        return date(int(found["year"]), int(found["month"]), int(found["day"]))
    except ValueError:
        return None
