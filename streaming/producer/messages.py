"""Producer messages: rows of a sales file → messages of the contract daily-sales."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ingestion.arrivals import Reception, events
from ingestion.files.rows import source_rows
from ingestion.files.source import Source
from ingestion.sales.records import parse
from lakehouse.number_marks import Marks
from lakehouse.profile.date_format import date_reader
from lakehouse.profile.profile import Profile
from lakehouse.types import DATE, PRICE, TEXT, UNITS
from lakehouse.values import NUMBER, clean_text, decimal_reader, each, number_text

ROWS_PER_PIECE = 10_000
# A reception time that parsing a record requires: later than every sale, and in no message.
ANY_TIME = datetime(9000, 1, 1, tzinfo=UTC)
NUMBERS = {"units": UNITS, "price": PRICE}


@dataclass(frozen=True)
class Message:
    """A Kafka message.

    Attributes:
        key: chooses the partition; None: any partition.
        value: JSON record, UTF-8.
    """

    key: bytes | None
    value: bytes


def messages(
    source: Source, profile: Profile, shuffle_seed: int | None = None
) -> Iterator[Message]:
    """Turn a checked sales file into messages.

    The key is the sale's id, so that all versions of a sale stay in order. A line with too few or
    too many columns is sent unchanged.

    Args:
        source: a sales file from ``find_sales``.
        profile: the meaning of the values.
        shuffle_seed: shuffle the rows, which then must fit into memory; None: the file's order.
    """
    rows = source_rows(source)
    for piece in rows if shuffle_seed is None else shuffled(rows, shuffle_seed):
        yield from messages_of(piece, profile)


def shuffled(rows: Iterator[pa.Table], seed: int) -> Iterator[pa.Table]:
    """Shuffle rows in memory, the same order for the same seed; yield ``ROWS_PER_PIECE`` each."""
    held = list(rows)
    if held:
        table = pa.concat_tables(held)
        order = np.random.default_rng(seed).permutation(len(table))
        for start in range(0, len(table), ROWS_PER_PIECE):
            yield table.take(order[start : start + ROWS_PER_PIECE])


def messages_of(rows: pa.Table, profile: Profile) -> Iterator[Message]:
    """Write rows as messages.

    Args:
        rows: rows of a file, as ``source_rows`` returns.
        profile: the meaning of the values.
    """
    plain = with_plain_numbers(with_iso_dates(rows, profile), profile)
    records = events(plain, "", Reception(ANY_TIME, ANY_TIME))
    keys = parse(records, profile)["sale_id"].cast(pa.binary()).to_pylist()
    for key, value in zip(keys, records["value"].to_pylist(), strict=True):
        yield Message(key, value)


def with_iso_dates(rows: pa.Table, profile: Profile) -> pa.Table:
    """Write the column ``date`` in ISO form; a text that is no date stays unchanged."""
    given = rows["date"].combine_chunks()
    dates = each(given, date_reader(profile.sales.date_format), DATE)
    position = rows.column_names.index("date")
    return rows.set_column(position, "date", pc.coalesce(dates.cast(pa.string()), given))


def with_plain_numbers(rows: pa.Table, profile: Profile) -> pa.Table:
    """Write ``units`` and ``price`` in the contract's form; other texts stay unchanged."""
    for name in NUMBERS.keys() & set(rows.column_names):
        plain = each(rows[name].combine_chunks(), number_writer(NUMBERS[name], profile.files), TEXT)
        rows = rows.set_column(rows.column_names.index(name), name, plain)
    return rows


def number_writer(number: pa.DataType, marks: Marks) -> Callable[[str], str]:
    """Return a function that rewrites a file's number in the contract's form."""
    read = decimal_reader(number, marks)

    def write(text: str) -> str:
        if marks.decimal == "." and NUMBER.fullmatch(text):
            return text
        value = read(clean_text(text) or "")
        return text if value is None else number_text(value)

    return write
