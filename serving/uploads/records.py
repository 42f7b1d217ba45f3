"""Records of a body: one JSON object per row, whatever the media type."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ingestion.arrivals import Reception, events
from ingestion.files.list_rows import ROWS_PER_TABLE, ListRecords
from ingestion.files.rows import source_rows
from ingestion.files.source import Source
from ingestion.files.sources import find_file
from ingestion.files.text_rows import records_table, split_lines
from lakehouse.errors import SourceError
from lakehouse.profile.profile import Profile
from lakehouse.types import TEXT
from serving.uploads.forms import Form, What, choose_form, forms
from serving.uploads.json_list import JsonList
from serving.uploads.limits import Limits, too_large, unreadable
from serving.uploads.lines import Lines, line_blocks
from serving.uploads.media import Encoding, Media, plain_pieces
from serving.uploads.tables import (
    columns_of,
    require_parquet,
    texts_of,
    utf8,
    without_header,
    without_mark,
)
from streaming.producer.messages import ANY_TIME, with_iso_dates, with_plain_numbers


@dataclass(frozen=True)
class Body:
    """A body that was received.

    Attributes:
        path: file of the bytes as they were sent; of Parquet, its name ends in ``.parquet``.
        media: media type.
        encoding: content coding.
        charset: name of the text encoding that the client states; None: not stated.
    """

    path: Path
    media: Media
    encoding: Encoding
    charset: str | None = None


@dataclass(frozen=True)
class Records:
    """Rows of a body.

    Attributes:
        lines: int64, where each row stands: its line from 1, in a JSON list the element's number,
            in Parquet the row's number.
        values: binary, each row as a JSON object under the contract's field names; the row as it
            is where it cannot be read.
    """

    lines: pa.Array
    values: pa.Array


@dataclass(frozen=True)
class Reader:
    """Reads the records of a body.

    Attributes:
        what: what the rows are.
        profile: the lake's profile.
        limits: what the body may cost.
        version: ``updated_at`` of table rows that state none, ISO 8601; None: left out.
    """

    what: What
    profile: Profile
    limits: Limits
    version: str | None

    def read(self, body: Body) -> Iterator[Records]:
        """Read the records of a body, in blocks of about a mebibyte.

        Raises:
            RefusedBodyError: the body as a whole cannot be read, or exceeds a limit.
        """
        count = 0
        for records in self._blocks(body):
            count += len(records.lines)
            if count > self.limits.rows:
                raise too_large(
                    f"The body has more than {self.limits.rows} rows; send it in parts, each "
                    "under its own Idempotency-Key."
                )
            yield records

    def _blocks(self, body: Body) -> Iterator[Records]:
        if body.media == Media.PARQUET:
            yield from self._parquet(body.path)
            return
        pieces = plain_pieces(body.path, body.encoding, self.limits)
        if body.media == Media.CSV:
            yield from self._csv(pieces, body.charset)
        elif body.media == Media.JSON:
            yield from self._json(pieces)
        else:
            lines = line_blocks(without_mark(pieces), self.limits.line_bytes)
            yield from (Records(block.numbers, block.texts) for block in lines)

    def _json(self, pieces: Iterator[bytes]) -> Iterator[Records]:
        elements = iter(JsonList(pieces, self.limits.line_bytes))
        count = 0
        while held := [element.encode() for element in islice(elements, ROWS_PER_TABLE)]:
            numbers = pa.array(range(count + 1, count + 1 + len(held)), pa.int64())
            yield Records(numbers, pa.array(held, pa.binary()))
            count += len(held)

    def _csv(self, pieces: Iterator[bytes], charset: str | None) -> Iterator[Records]:
        first = next(pieces, b"")
        headers = [(form, columns_of(first, form, charset)) for form in self._forms]
        form, columns, fields = choose_form(headers)
        source = Source("", "", "", tuple(columns), fields, form.files)
        text = utf8(chain([first], pieces), charset or form.files.encoding)
        blocks = line_blocks(text, self.limits.line_bytes)
        if self.what == What.SALES:
            for lines in without_header(blocks):
                rows = split_lines(lines.texts.cast(TEXT), source)
                yield self._records(lines.numbers, rows, form)
        else:
            yield from self._list(blocks, source, form)

    def _list(self, blocks: Iterator[Lines], source: Source, form: Form) -> Iterator[Records]:
        """Read a list, where a quoted value may have line ends; ``lines`` number the records."""
        places = {name: source.columns.index(column) for name, column in source.fields.items()}
        lines = (line for block in without_header(blocks) for line in texts_of(block))
        records = ListRecords(lines, source.files.delimiter, len(source.columns))
        count = 0
        while held := list(islice(records, ROWS_PER_TABLE)):
            numbers = pa.array(range(count + 1, count + 1 + len(held)), pa.int64())
            yield self._records(numbers, records_table(held, places), form)
            count += len(held)

    def _parquet(self, path: Path) -> Iterator[Records]:
        require_parquet(path, self.limits)
        try:
            columns = tuple(pq.read_schema(path).names)
            form, _, fields = choose_form([(form, columns) for form in self._forms])
            for rows in source_rows(find_file(str(path), fields, form.files)):
                numbers = pa.array(rows["offset"].to_numpy() + 1)
                yield self._records(numbers, rows.drop_columns(["offset"]), form)
        except (SourceError, pa.ArrowException, OSError) as error:
            reason = str(error).replace(str(path), "The body").removeprefix("file://")
            raise unreadable(f"The body is no whole Parquet file: {reason}") from None

    def _records(self, lines: pa.Array, rows: pa.Table, form: Form) -> Records:
        """Write table rows, ``[_malformed, *fields]``, as records of the contract."""
        if self.what == What.SALES:
            if form.is_profiles:
                rows = with_plain_numbers(with_iso_dates(rows, self.profile), self.profile)
            rows = with_versions(rows, self.version)
        numbered = rows.add_column(0, "offset", lines)
        return Records(lines, events(numbered, "", ANY_RECEPTION)["value"].combine_chunks())

    @property
    def _forms(self) -> tuple[Form, Form]:
        return forms(self.what, self.profile)


ANY_RECEPTION = Reception(ANY_TIME, ANY_TIME)


def with_versions(rows: pa.Table, version: str | None) -> pa.Table:
    """Fill the column ``updated_at`` with a version where a row states none."""
    if version is None:
        return rows
    if "updated_at" not in rows.column_names:
        return rows.append_column("updated_at", pa.repeat(version, len(rows)))
    place = rows.column_names.index("updated_at")
    stated = rows["updated_at"].combine_chunks().fill_null(version)
    return rows.set_column(place, "updated_at", stated)
