"""Parser of an optional input's records: JSON bytes to typed rows; invalid records are left out."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import reduce

import pyarrow as pa
import pyarrow.compute as pc

from ingestion.json_records import read_records
from lakehouse.number_marks import Marks
from lakehouse.profile.date_format import date_reader
from lakehouse.table import Column
from lakehouse.tables.inputs import Input
from lakehouse.types import COUNT, FEATURE, PRICE, TEXT
from lakehouse.values import clean_text, decimal_reader, each, plausible_id

# Among records of a file with the same key, the record with the greatest offset wins.
OFFSET = Column("offset", COUNT, "the record's number in its file", False)


@dataclass(frozen=True)
class InputRecords:
    """Reads the records of an input; runs in Spark workers.

    Attributes:
        source: the input's declaration: table, fields, bounds.
        mapped: the input's fields that the profile maps to columns of the file.
        date_format: format of dates in the file; a month may also be written YYYY-MM.
        marks: number marks of the file.
    """

    source: Input
    mapped: tuple[str, ...]
    date_format: str
    marks: Marks = field(default_factory=Marks)

    @property
    def ddl(self) -> str:
        """Spark DDL of the rows' columns."""
        return f"{self.source.table.ddl}, {OFFSET.ddl}"

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Turn rows of bronze.catalogue_events into rows of the input's table, plus ``offset``."""
        for batch in batches:
            yield from self.rows(pa.Table.from_batches([batch])).to_batches()

    def rows(self, events: pa.Table) -> pa.Table:
        """Parse records; leave out records that lack a required value or have an unreadable date.

        Args:
            events: rows of bronze.catalogue_events, of the input's entity.

        Returns:
            The columns of the input's table, and ``offset``.
        """
        fields, _ = read_records(events["value"].combine_chunks(), self.mapped)
        texts = {n: each(fields[n].combine_chunks(), clean_text, TEXT) for n in self.mapped}
        columns = {name: self.values(name, texts, len(events)) for name in self.source.fields}
        wrong = [
            pc.and_(pc.is_valid(texts[n]), pc.is_null(columns[n]))
            for n in self.mapped
            if pa.types.is_date(columns[n].type)
        ]
        absent = [
            pc.is_null(columns[c.name])
            for c in self.source.table.columns
            if not c.nullable and c.name in columns
        ]
        columns |= {"updated_at": events["received_at"], "offset": events["offset"]}
        schema = pa.schema([*self.source.table.schema, OFFSET.field])
        parsed = pa.table([columns[field.name] for field in schema], schema=schema)
        is_left_out = any_of([*wrong, *absent])
        return parsed.filter(pc.invert(is_left_out))

    def values(self, name: str, texts: dict[str, pa.Array], count: int) -> pa.Array:
        """Parse a field's texts, null where unreadable; an unmapped field takes the default."""
        arrow_type = self.source.table.schema.field(name).type
        if name not in texts:
            return pa.repeat(pa.scalar(self.source.default, arrow_type), count)
        return each(texts[name], self.reader(name, arrow_type), arrow_type)

    def reader(self, name: str, arrow_type: pa.DataType) -> Callable[[str], object]:
        """Return the function that parses a field's text."""
        if arrow_type == TEXT:
            return plausible_id
        if arrow_type == FEATURE:
            return self.number
        read = date_reader(self.date_format)
        return (
            (lambda text: first_day(read(text) or read(f"{text}-01"))) if name == "month" else read
        )

    def number(self, text: str) -> float | None:
        """Parse a number; None where the text is no number or outside the input's bounds."""
        low, high = self.source.bounds
        number = decimal_reader(PRICE, self.marks)(text)
        return float(number) if number is not None and low <= number <= high else None


def first_day(day: date | None) -> date | None:
    """Return the first day of a date's month; None for None."""
    return day and day.replace(day=1)


def any_of(conditions: list[pa.Array]) -> pa.Array:
    """Return whether any of some conditions holds, per row."""
    return reduce(pc.or_, conditions)
