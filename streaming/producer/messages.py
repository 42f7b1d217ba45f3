"""Rows of a sales file as messages of the contract daily-sales."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ingestion.arrivals import Reception, events
from ingestion.files.rows import source_rows
from ingestion.files.sources import Source
from ingestion.sales.records import parse
from lakehouse.number_marks import Marks
from lakehouse.profile.date_format import date_reader
from lakehouse.profile.profile import Profile
from lakehouse.types import DATE, PRICE, TEXT, UNITS
from lakehouse.values import NUMBER, clean_text, decimal_reader, each, number_text

ROWS_PER_PIECE = 10_000
# Needed to read a record, after all its dates, and without a trace in its message.
ANY_TIME = datetime(9000, 1, 1, tzinfo=UTC)
NUMBERS = {"units": UNITS, "price": PRICE}


@dataclass(frozen=True)
class Message:
    """A message's key, which says where it goes, and its value; no key: it goes anywhere."""

    key: bytes | None
    value: bytes


def messages(
    source: Source, profile: Profile, shuffle_seed: int | None = None
) -> Iterator[Message]:
    """Turn a checked sales file into messages.

    The key is the sale's id, so that its versions stay in order. A line that has too few or too
    many columns is a message as it is.

    Args:
        source: from ``find_sales``.
        profile: the meaning of the values.
        shuffle_seed: shuffles the rows, which are then in memory all at once; None: as they lie.
    """
    rows = source_rows(source)
    for piece in rows if shuffle_seed is None else shuffled(rows, shuffle_seed):
        yield from messages_of(piece, profile)


def shuffled(rows: Iterator[pa.Table], seed: int) -> Iterator[pa.Table]:
    """Shuffle rows; the same seed gives the same order."""
    held = list(rows)
    if held:
        table = pa.concat_tables(held)
        order = np.random.default_rng(seed).permutation(len(table))
        for start in range(0, len(table), ROWS_PER_PIECE):
            yield table.take(order[start : start + ROWS_PER_PIECE])


def messages_of(rows: pa.Table, profile: Profile) -> Iterator[Message]:
    """Write rows as messages.

    Args:
        rows: of a file, as ``source_rows`` returns them.
        profile: the meaning of the values.
    """
    plain = with_plain_numbers(with_iso_dates(rows, profile), profile)
    records = events(plain, "", Reception(ANY_TIME, ANY_TIME))
    keys = parse(records, profile)["sale_id"].cast(pa.binary()).to_pylist()
    for key, value in zip(keys, records["value"].to_pylist(), strict=True):
        yield Message(key, value)


def with_iso_dates(rows: pa.Table, profile: Profile) -> pa.Table:
    """Write the dates of rows in ISO form; what is no date stays as it is."""
    given = rows["date"].combine_chunks()
    dates = each(given, date_reader(profile.sales.date_format), DATE)
    position = rows.column_names.index("date")
    return rows.set_column(position, "date", pc.coalesce(dates.cast(pa.string()), given))


def with_plain_numbers(rows: pa.Table, profile: Profile) -> pa.Table:
    """Write the numbers of rows as the contract does; what is no number stays as it is."""
    for name in NUMBERS.keys() & set(rows.column_names):
        plain = each(rows[name].combine_chunks(), number_writer(NUMBERS[name], profile.files), TEXT)
        rows = rows.set_column(rows.column_names.index(name), name, plain)
    return rows


def number_writer(number: pa.DataType, marks: Marks) -> Callable[[str], str]:
    """Make the function that writes a file's number as the contract does."""
    read = decimal_reader(number, marks)

    def write(text: str) -> str:
        if marks.decimal == "." and NUMBER.fullmatch(text):
            return text
        value = read(clean_text(text) or "")
        return text if value is None else number_text(value)

    return write
