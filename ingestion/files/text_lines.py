"""Lines of a text, found piece by piece: the header, the number of rows, and places to cut."""

import csv
import re

from ingestion.files.piece import Piece
from ingestion.files.text_bytes import BLANKS, BYTE_ORDER_MARK
from lakehouse.errors import SourceError

# Bytes of a text file that one task reads.
PIECE = 32 << 20
# Characters; a longer first line is no header, so the file is not delimited text.
LONGEST_HEADER = 1 << 20
# Bytes; a reader holds a whole line in memory.
LONGEST_LINE = 64 << 20
BLANK_LINES = re.compile(r"[\x00-\x20]*[\r\n]")
LINE_ENDS = b"\r\n"
WRITTEN, ENDED = b"x", b"\n"
MARKS = bytes(ENDED[0] if code in LINE_ENDS else WRITTEN[0] for code in range(256))
BLANK_BYTES = bytes(code for code in range(33) if code not in LINE_ENDS)


class Header:
    """The header of a text: the first line that is not blank, found while text is added."""

    def __init__(self) -> None:
        self.line = ""
        self._text = ""
        self._is_begun = False

    def add(self, text: str) -> None:
        """Add the next piece of text; once the header is complete, ignore the piece."""
        if self.line or len(self._text) >= LONGEST_HEADER:
            return
        self._text += text if self._is_begun else text.removeprefix(BYTE_ORDER_MARK)
        self._is_begun = self._is_begun or bool(text)
        if blank := BLANK_LINES.match(self._text):
            self._text = self._text[blank.end() :]
        line, *others = re.split(r"[\r\n]", self._text, maxsplit=1)
        self.line = line if others else ""

    def columns(self, delimiter: str) -> tuple[str, ...]:
        """Split the header into column names; empty where the text has no line."""
        line = self.line or self._text
        return tuple(next(csv.reader([line], delimiter=delimiter))) if line.strip(BLANKS) else ()


class LineCount:
    """Count of a text's lines that are not blank, and the positions to cut between two lines."""

    def __init__(self, file: str, *, is_cut: bool) -> None:
        self.lines = 0
        self.position = 0
        self._cuts: list[tuple[int, int]] = [(0, 0)]
        self._last = ENDED
        self._line_bytes = 0
        self._file, self._is_cut = file, is_cut

    def add(self, piece: bytes) -> None:
        """Count the lines of the next piece.

        Raises:
            SourceError: a line is longer than ``LONGEST_LINE`` bytes; write a record as one line.
        """
        end = 1 + max(piece.rfind(b"\n"), piece.rfind(b"\r"))
        self._line_bytes = len(piece) - end + (0 if end else self._line_bytes)
        if self._line_bytes > LONGEST_LINE:
            raise SourceError(
                f"{self._file}: line {self.lines + 1} is longer than {LONGEST_LINE} bytes; "
                "a record is one line."
            )
        self._count(piece[:end])
        if end and self._is_cut and self.lines and self.position - self._cuts[-1][0] >= PIECE:
            self._cuts.append((self.position, self.lines))
        self._count(piece[end:])

    def pieces(self, size: int) -> tuple[Piece, ...]:
        """Cut a file of ``size`` bytes into pieces; the first line is the header, not a row."""
        stops = [*self._cuts[1:], (size, self.lines)]
        return tuple(
            Piece(start, end, max(before - 1, 0), after - max(before, 1))
            for (start, before), (end, after) in zip(self._cuts, stops, strict=True)
        )

    def _count(self, piece: bytes) -> None:
        marks = self._last + piece.translate(MARKS, BLANK_BYTES)
        self.lines += marks.count(ENDED + WRITTEN)
        self._last = marks[-1:]
        self.position += len(piece)
