"""Field parsing: one normal form for texts, ids, numbers and times, whatever the file format."""

import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

import pyarrow as pa
import pyarrow.compute as pc

from lakehouse.number_marks import Marks

# Greatest difference between the clocks of tills, brokers and this program, time zones included.
CLOCKS_APART = timedelta(days=2)

# Invisible characters: Unicode's Default_Ignorable_Code_Point, and controls except tab and line
# ends. One of these characters separates the fields that a sale's identity is hashed from.
INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
BLANK = re.compile("[\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]")

# A whole number as programs print it from a float, for example 10.0.
WHOLE_FLOAT = re.compile(r"(-?(?:0|[1-9][0-9]*))\.0+")
# Texts that programs write for a missing value, and spreadsheets for a value they cannot show. The
# pattern has no flags, because the JSON Schema of messages contains the same pattern.
MISSING = (
    r"\\N|[-\u2012-\u2015\u2212]+|[?]+|[.]|NA|<NA>|[Nn]/[Aa]|[+-]?inf|-?1[.]#(?:IND|QNAN|INF)"
    r"|#(?:N/A(?: N/A)?|NA|REF!|DIV/0!|NAME[?]|VALUE!|NUM!|NULL!)"
    r"|[<(\[]?(?:[Nn][Uu][Ll][Ll]|[Nn][Oo][Nn][Ee]|[Nn][Ii][Ll])[>)\]]?"
    r"|[+-]?[Nn][Aa][Nn]|[Nn][Aa][Tt]|[Uu]ndefined"
)
# A number with an exponent: its last digits may be lost, so that it is no id. Texts such as "12E3"
# and "7E-2" are left out, because no program prints a number so.
EXPONENT = (
    r"[+-]?(?:[0-9]|[0-9]+[.][0-9]*)[eE][0-9]{1,3}|[+-]?[0-9]+(?:[.][0-9]*)?[eE][+][0-9]{1,3}"
)
NO_ID = re.compile(f"{MISSING}|{EXPONENT}")

# Float width in bits → the limit below which the float holds every whole number exactly.
EXACT = {16: 2.0**11, 32: 2.0**24, 64: 2.0**53}

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
TIME = re.compile(
    r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}([.,]\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?)?", re.ASCII
)


def each(texts: pa.Array, read: Callable[[str], object], arrow_type: pa.DataType) -> pa.Array:
    """Apply a function to each text, calling the function once per distinct text.

    Args:
        texts: strings; null stays null.
        read: text → value; None becomes null.
        arrow_type: the type of the values.

    Returns:
        One value per text, in the same order.
    """
    coded = texts.dictionary_encode()
    values = [read(text) for text in coded.dictionary.to_pylist()]
    return pa.array(values, arrow_type).take(coded.indices)


def clean_text(text: str) -> str | None:
    """Normalise a text, so that texts that look alike are equal; None: nothing visible is left.

    The result is in Unicode form NFC, without invisible characters, with every blank a plain
    space, and stripped at both ends.
    """
    if not (text.isascii() and text.isprintable()):
        text = BLANK.sub(" ", unicodedata.normalize("NFC", INVISIBLE.sub("", text)))
    return text.strip() or None


def clean_id(text: str) -> str | None:
    """Normalise an id: clean the text and drop a whole number's zero fraction; None: empty.

    ``10.0`` becomes ``10``. Other texts stay as written: ``00010``, ``1.10``.
    """
    cleaned = clean_text(text)
    whole = WHOLE_FLOAT.fullmatch(cleaned or "")
    if whole is None:
        return cleaned
    return "0" if whole[1] == "-0" else whole[1]


def is_plausible_id(text: str) -> bool:
    """Return whether a clean id is neither a missing-value text nor a number with an exponent."""
    return not NO_ID.fullmatch(text)


def plausible_id(text: str | None) -> str | None:
    """Normalise an id; None: the text is missing, empty or not a plausible id."""
    cleaned = clean_id(text or "")
    return cleaned if cleaned and is_plausible_id(cleaned) else None


def write_texts(values: pa.Array, decimal: str = ".") -> pa.Array:
    """Convert a typed column to the texts that ``clean_id`` and ``decimal_reader`` read.

    A whole number that a float holds exactly is written without fraction or exponent. A whole
    number too large to be exact gets an exponent, so that ``is_plausible_id`` refuses it as an id.

    Args:
        values: any type that Arrow can cast to text.
        decimal: the decimal mark of the profile's text files.
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
    """Return a function that parses numbers of a decimal type, rounding half up to its scale.

    The function returns None for a text that is no number or a number too large for the type.

    Args:
        arrow_type: the decimal type.
        marks: the marks of a retailer's numbers; None: plain numbers, as in Kafka messages.
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
    """Parse an ISO timestamp, as UTC if the text names no zone; None: no ISO timestamp.

    Digits beyond the microsecond are dropped.
    """
    if not TIME.fullmatch(text):
        return None
    try:
        read = datetime.fromisoformat(text)
        return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def can_be_version(updated_at: datetime, day: date, known_by: datetime) -> bool:
    """Return whether a version's timestamp is plausible, allowing for ``CLOCKS_APART``.

    Args:
        updated_at: time of the version.
        day: business date; the version must not be older than the day's midnight (UTC).
        known_by: when the program read the record; neither version nor day may be later.
    """
    is_known = max(updated_at, at_midnight(day)) <= known_by + CLOCKS_APART
    return is_known and updated_at + CLOCKS_APART >= at_midnight(day)


def at_midnight(day: date) -> datetime:
    """Return midnight (UTC) at the start of a day."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def number_text(number: Decimal) -> str:
    """Format a number without an exponent and without trailing zeros in the fraction."""
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
