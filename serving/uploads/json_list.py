"""Elements of a JSON list, read one after the other without holding the list."""

import json
from codecs import getincrementaldecoder
from collections.abc import Iterable, Iterator

from ingestion.files.text_bytes import BYTE_ORDER_MARK, pieces_and_end
from serving.uploads.limits import RefusedBodyError, unreadable

BLANKS = " \t\r\n"
DECODER = json.JSONDecoder()


class JsonList:
    """Iterator over the elements of a JSON list, each as the text that stands in the body."""

    def __init__(self, pieces: Iterable[bytes], longest: int) -> None:
        self._pieces = pieces_and_end(pieces)
        self._decode = getincrementaldecoder("utf-8")().decode
        self._longest = longest
        self._text, self._at, self._before = "", 0, 0
        self._is_ended = False

    def __iter__(self) -> Iterator[str]:
        """Yield the elements.

        Raises:
            RefusedBodyError: the body is no JSON list in UTF-8, or an element is too long.
        """
        if self._next() != "[":
            raise self._fault("a JSON list begins with [")
        self._at += 1
        if self._next() == "]":
            self._at += 1
        else:
            yield from self._elements()
        if self._next():
            raise self._fault("the list ended before")

    def _elements(self) -> Iterator[str]:
        while True:
            yield self._element()
            mark = self._next()
            if mark not in {",", "]"}:
                raise self._fault("a comma or ] follows an element")
            self._at += 1
            if mark == "]":
                return
            self._next()

    def _element(self) -> str:
        while True:
            try:
                _, end = DECODER.raw_decode(self._text, self._at)
            except RecursionError:
                raise self._fault("the element is nested too deeply") from None
            except json.JSONDecodeError as error:
                if len(self._text) - self._at > self._longest:
                    raise self._fault(
                        f"no element, or one longer than {self._longest} characters"
                    ) from None
                if not self._read():
                    raise self._fault(error.msg) from None
                continue
            if end == len(self._text) and self._read():
                continue
            if end - self._at > self._longest:
                raise self._fault(f"an element is longer than {self._longest} characters")
            element, self._at = self._text[self._at : end], end
            return element

    def _next(self) -> str:
        """Return the next character that is not blank, which stays to be read; empty: the end."""
        while True:
            rest = self._text[self._at : self._at + 1]
            if not rest:
                if not self._read():
                    return ""
            elif rest in BLANKS:
                self._at += 1
            else:
                return rest

    def _read(self) -> bool:
        """Read another piece, and drop what was read before; False: the body has ended."""
        while not self._is_ended:
            piece = next(self._pieces)
            try:
                text = self._decode(piece, not piece)
            except UnicodeDecodeError:
                raise self._fault("the text is not UTF-8") from None
            self._is_ended = not piece
            if text:
                is_first = not self._before and not self._text
                self._before += self._at
                self._text = self._text[self._at :] + (
                    text.removeprefix(BYTE_ORDER_MARK) if is_first else text
                )
                self._at = 0
                return True
        return False

    def _fault(self, reason: str) -> RefusedBodyError:
        place = self._before + self._at + 1
        return unreadable(f"The body is no JSON list: {reason}, at character {place}.")
