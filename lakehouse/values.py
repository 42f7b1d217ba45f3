"""A field's text as a value: one form of every text, id, number and time, whatever way it came."""

import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from lakehouse.number_marks import Marks

# How far the clocks of tills, brokers and this program may be apart, time zones included.
CLOCKS_APART = timedelta(days=2)

# Characters that no one sees: Unicode's Default_Ignorable_Code_Point, and controls but tab and line
# ends. One of them is the separator of identity's fields.
INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
BLANK = re.compile("[\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]")

# A whole number as a program writes it that holds it as a float.
WHOLE_FLOAT = re.compile(r"(-?(?:0|[1-9][0-9]*))\.0+")
# What programs write for a value that is missing, and spreadsheets for one that they cannot show.
# Written without flags: the JSON Schema of messages has the same expressions.
MISSING = (
    r"\\N|[-\u2012-\u2015\u2212]+|[?]+|[.]|NA|<NA>|[Nn]/[Aa]|[+-]?inf|-?1[.]#(?:IND|QNAN|INF)"
    r"|#(?:N/A(?: N/A)?|NA|REF!|DIV/0!|NAME[?]|VALUE!|NUM!|NULL!)"
    r"|[<(\[]?(?:[Nn][Uu][Ll][Ll]|[Nn][Oo][Nn][Ee]|[Nn][Ii][Ll])[>)\]]?"
    r"|[+-]?[Nn][Aa][Nn]|[Nn][Aa][Tt]|[Uu]ndefined"
)
# A number with an exponent, whose last digits may be lost. No program writes "12E3" or "7E-2".
EXPONENT = (
    r"[+-]?(?:[0-9]|[0-9]+[.][0-9]*)[eE][0-9]{1,3}|[+-]?[0-9]+(?:[.][0-9]*)?[eE][+][0-9]{1,3}"
)
NO_ID = re.compile(f"{MISSING}|{EXPONENT}")

# Whole numbers below are held exactly by a float of so many bits.
EXACT = {16: 2.0**11, 32: 2.0**24, 64: 2.0**53}

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
TIME = re.compile(
    r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}([.,]\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?)?", re.ASCII
)


def each(texts: pa.Array, read: Callable[[str], Any], arrow_type: pa.DataType) -> pa.Array:
    """Apply a function to texts, once per distinct text.

    Args:
        texts: strings; null stays null.
        read: a text's value; None where it has none.
        arrow_type: of the values.

    Returns:
        As many values as texts.
    """
    coded = texts.dictionary_encode()
    values = [read(text) for text in coded.dictionary.to_pylist()]
    return pa.array(values, arrow_type).take(coded.indices)


def clean_text(text: str) -> str | None:
    """Write a text in the one form of all that look like it; None where nothing is left.

    Unicode's form NFC, without characters that no one sees, any blank as a plain one, none at the
    ends. A plain text stays as it is.
    """
    if not (text.isascii() and text.isprintable()):
        text = BLANK.sub(" ", unicodedata.normalize("NFC", INVISIBLE.sub("", text)))
    return text.strip() or None


def clean_id(text: str) -> str | None:
    """Write an id in its one form: a clean text, a whole number without fraction; None: nothing.

    ``10.0`` is ``10``. Other texts are ids as they are written: ``00010``, ``1.10``.
    """
    cleaned = clean_text(text)
    whole = WHOLE_FLOAT.fullmatch(cleaned or "")
    if whole is None:
        return cleaned
    return "0" if whole[1] == "-0" else whole[1]


def is_plausible_id(text: str) -> bool:
    """Say whether a clean id is no word for a missing value and no number whose end is lost."""
    return not NO_ID.fullmatch(text)


def plausible_id(text: str | None) -> str | None:
    """Write an id in its one form; None where there is none, or what is there cannot be one."""
    found = clean_id(text or "")
    return found if found and is_plausible_id(found) else None


def write_texts(values: pa.Array, decimal: str = ".") -> pa.Array:
    """Write a typed column as texts, as ``clean_id`` and ``decimal_reader`` read them.

    A whole number that a float holds exactly is written without fraction or exponent; one that it
    may not hold exactly keeps an exponent, so that it is no id.

    Args:
        values: of any type that Arrow can write as text.
        decimal: the decimal mark, as the profile's text files write numbers.
    """
    texts = values.cast(pa.string())
    if pa.types.is_floating(values.type):
        wide = values.cast(pa.float64())
        is_exact = pc.less(pc.abs(wide), EXACT[values.type.bit_width])
        is_whole = pc.equal(wide, pc.floor(wide))
        whole = pc.if_else(pc.and_(is_whole, is_exact), wide, None).cast(pa.int64())
        is_plain = pc.invert(pc.match_substring_regex(texts, "[a-z]"))
        is_doubtful = pc.and_not(pc.and_(is_whole, is_plain), is_exact)
        marked = pc.binary_join_element_wise(texts, "e+0", "")
        texts = pc.coalesce(whole.cast(pa.string()), pc.if_else(is_doubtful, marked, texts))
    elif not pa.types.is_decimal(values.type):
        return texts
    return texts if decimal == "." else pc.replace_substring(texts, ".", decimal)


def decimal_reader(
    arrow_type: pa.DataType, marks: Marks | None = None
) -> Callable[[str], Decimal | None]:
    """Make the function that reads numbers of a decimal type, rounding half up to its scale.

    It returns None for a text that is no number, or is too large for the type.

    Args:
        arrow_type: the type.
        marks: how a retailer's files write numbers; None: as the contract of messages does.
    """
    scale = Decimal(1).scaleb(-arrow_type.scale)
    limit = Decimal(10) ** (arrow_type.precision - arrow_type.scale)

    def read(text: str) -> Decimal | None:
        plain = text if marks is None else marks.plain(text)
        if not NUMBER.fullmatch(plain) or abs(Decimal(plain)) >= limit:
            return None
        rounded = Decimal(plain).quantize(scale, ROUND_HALF_UP)
        return rounded if abs(rounded) < limit else None

    return read


def timestamp(text: str) -> datetime | None:
    """Read an ISO timestamp, UTC where it names no zone; None: not such a text.

    Parts of a microsecond are left out.
    """
    if not TIME.fullmatch(text):
        return None
    try:
        read = datetime.fromisoformat(text)
        return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def can_be_version(updated_at: datetime, day: date, known_by: datetime) -> bool:
    """Say whether a version of a day's sales was made after the day, and known by a time."""
    is_known = max(updated_at, at_midnight(day)) <= known_by + CLOCKS_APART
    return is_known and updated_at + CLOCKS_APART >= at_midnight(day)


def at_midnight(day: date) -> datetime:
    """Return the beginning of a day, UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def number_text(number: Decimal) -> str:
    """Write a number without exponent and without zeros at the end of its fraction."""
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
