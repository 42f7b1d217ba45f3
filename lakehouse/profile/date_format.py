"""Date formats of files: patterns such as dd.MM.yyyy, parsed strictly."""

import re
from collections.abc import Callable
from datetime import date

ISO = "yyyy-MM-dd"
# A format may have a time of day, which is matched and dropped.
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
    """Convert a date format into a regular expression with the groups year, month and day.

    Raises:
        ValueError: the format has an unknown letter, or does not name year, month and day once
            each.
    """
    pieces = [token_pattern(piece) for piece in PIECE.finditer(date_format)]
    try:
        pattern = re.compile("".join(pieces), re.ASCII)
    except re.error as error:
        raise ValueError(f"'{date_format}' names a part of the date twice ({error})") from None
    if set(pattern.groupindex) != {"year", "month", "day"}:
        raise ValueError(f"'{date_format}' does not name year, month and day")
    return pattern


def token_pattern(piece: re.Match[str]) -> str:
    """Convert one token or separator of a date format into a regular expression.

    Raises:
        ValueError: the piece consists of letters that are no known token.
    """
    if piece["unknown"]:
        raise ValueError(f"'{piece.string}': '{piece[0]}' is none of {', '.join(TOKENS)}")
    return TOKENS.get(piece[0], re.escape(piece[0]))


def date_reader(date_format: str) -> Callable[[str], date | None]:
    """Return a function that parses dates in ISO form or in a format; None: no such date."""
    patterns = [date_pattern(form) for form in dict.fromkeys((ISO, date_format))]

    def read(text: str) -> date | None:
        fitting = next((match for p in patterns if (match := p.fullmatch(text))), None)
        return day_of(fitting) if fitting else None

    return read


def day_of(match: re.Match[str]) -> date | None:
    """Return the date of a match's year, month and day; None: the calendar has no such day."""
    try:
        return date(int(match["year"]), int(match["month"]), int(match["day"]))
    except ValueError:
        return None
