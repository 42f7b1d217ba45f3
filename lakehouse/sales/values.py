"""A field's text as a value: read once per distinct text, since most texts come again and again."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pyarrow as pa

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)


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


def trimmed(text: str) -> str | None:
    """Take the white space off both ends of a text; None where nothing is left."""
    return text.strip() or None


def decimal_reader(arrow_type: pa.DataType) -> Callable[[str], Decimal | None]:
    """Make the function that reads numbers of a decimal type, rounding half up to its scale.

    It returns None for a text that is no number, or is too large for the type.
    """
    scale = Decimal(1).scaleb(-arrow_type.scale)
    limit = Decimal(10) ** (arrow_type.precision - arrow_type.scale)

    def read(text: str) -> Decimal | None:
        if not NUMBER.fullmatch(text) or abs(Decimal(text)) >= limit:
            return None
        rounded = Decimal(text).quantize(scale, ROUND_HALF_UP)
        return rounded if abs(rounded) < limit else None

    return read


def timestamp(text: str) -> datetime | None:
    """Read an ISO timestamp, UTC where it names no zone; None: not such a text."""
    try:
        read = datetime.fromisoformat(text)
        return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def number_text(number: Decimal) -> str:
    """Write a number without exponent and without zeros at the end of its fraction."""
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
