"""Reader of list files: a quoted value may contain line ends, but not lines of other records."""

import re
from collections import deque
from collections.abc import Iterator
from itertools import islice

import pyarrow as pa

from ingestion.files.source import Source
from ingestion.files.text_bytes import BLANKS
from ingestion.files.text_rows import records_table, split_line, text_blocks

ROWS_PER_TABLE = 10_000
# A quote that is not closed within this many lines counts as lost.
MOST_LINES = 1_000
# A line in the middle of a quoted value has only doubled quotes.
WITHIN = re.compile('(?:[^"]++|"")*+')

Record = tuple[str, list[str] | None]


def list_pieces(source: Source) -> Iterator[pa.Table]:
    """Read the records of a list file.

    Returns:
        Tables of ``[_malformed, *fields]`` in the file's order. A line whose quote is not closed,
        or is closed only by another record's quote, is a malformed record.
    """
    places = {name: source.columns.index(column) for name, column in source.fields.items()}
    records = ListRecords(list_lines(source), source.files.delimiter, len(source.columns))
    while held := list(islice(records, ROWS_PER_TABLE)):
        yield records_table(held, places)


def list_lines(source: Source) -> Iterator[str]:
    """Read the lines below the header; blank lines stay, since a value may contain them."""
    whole = source.pieces[0]
    is_headed = True
    for block in text_blocks(source, whole):
        text = block.decode().replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n")
        for line in text.split("\n"):
            if is_headed:
                is_headed = not line.strip(BLANKS)
            else:
                yield line


class ListRecords:
    """Iterator over the records of a list, each as text and values.

    The values are None where the text cannot be split. If a quoted value may have swallowed lines
    of other records, its first and last lines, which hold the lost quotes, become records without
    values, and the lines between are read like any other.
    """

    def __init__(self, lines: Iterator[str], delimiter: str, width: int) -> None:
        self._lines, self._delimiter, self._width = lines, delimiter, width
        # Lines read ahead, each with whether the line has a lost quote.
        self._ahead: deque[tuple[str, bool]] = deque()
        separator = re.escape(delimiter)
        value = f'(?:"{WITHIN.pattern}"|[^"\n{separator}][^\n{separator}]*+|)'
        self._is_open = re.compile(f'(?:{value}{separator})*+"{WITHIN.pattern}')
        self._is_whole = re.compile(f"{value}(?:{separator}{value})*+")

    def __iter__(self) -> Iterator[Record]:
        while self._ahead or self._look_ahead():
            line, is_spoiled = self._ahead.popleft()
            if not line.strip(BLANKS):
                continue
            if is_spoiled:
                yield line, None
            elif self._is_open.fullmatch(line):
                yield self._over_lines(line)
            else:
                yield line, split_line(line, self._delimiter, self._width)

    def _over_lines(self, first: str) -> Record:
        """Read a record whose first line ends within a quoted value."""
        count = self._lines_to_the_end(first)
        following = [line for line, _ in islice(self._ahead, count)]
        text = "\n".join([first, *following])
        values = split_line(text, self._delimiter, self._width) if following else None
        if values is None:
            return first, None
        if any(self._has_swallowed(place, value) for place, value in enumerate(values)):
            self._ahead[count - 1] = (following[-1], True)
            return first, None
        for _ in following:
            self._ahead.popleft()
        return text, values

    def _lines_to_the_end(self, text: str) -> int:
        """Count the lines ahead that complete an open record; 0 if they do not complete it."""
        for place in range(MOST_LINES):
            if place == len(self._ahead) and not self._look_ahead():
                return 0
            line, is_spoiled = self._ahead[place]
            text = f"{text}\n{line}"
            if is_spoiled:
                return 0
            if WITHIN.fullmatch(line):
                continue
            if self._is_whole.fullmatch(text):
                return place + 1
            if not self._is_open.fullmatch(text):
                return 0
        return 0

    def _has_swallowed(self, place: int, value: str) -> bool:
        """Return whether a value's lines have as many delimiters as swallowed records would."""
        begin, *others = (line.count(self._delimiter) for line in value.split("\n"))
        if not others:
            return False
        *between, end = others
        full = self._width - 1
        return begin == full - place and end == place and set(between) <= {0, full}

    def _look_ahead(self) -> bool:
        """Read one more line ahead; return False at the end of the list."""
        lines = list(islice(self._lines, 1))
        self._ahead.extend((line, False) for line in lines)
        return bool(lines)
