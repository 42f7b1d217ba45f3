"""Decoder of a text file's bytes: decompressed and decoded piece by piece."""

import codecs
import zlib
from collections.abc import Iterable, Iterator

from lakehouse.errors import SourceError

GZIP = 31
# Bytes to decompress at once.
MOST_BYTES = 1 << 20
BYTE_ORDER_MARK = "\ufeff"
# A line with no other characters is blank, and no row.
BLANKS = "".join(map(chr, range(33)))


def is_packed(file: str) -> bool:
    """Return whether a file's name ends in ``.gz``."""
    return file.lower().endswith(".gz")


def gunzipped(pieces: Iterable[bytes], file: str) -> Iterator[bytes]:
    """Decompress gzip, one member after the other, at most ``MOST_BYTES`` at once.

    Raises:
        SourceError: the file is not gzip, is damaged or is truncated; get the file again.
    """
    member, is_complete = zlib.decompressobj(GZIP), True
    for piece in pieces:
        rest = piece
        while rest:
            try:
                yield member.decompress(rest, MOST_BYTES)
            except zlib.error as error:
                raise SourceError(f"{file}: damaged gzip ({error}); get the file again.") from None
            is_complete = member.eof
            rest = member.unused_data if member.eof else member.unconsumed_tail
            member = zlib.decompressobj(GZIP) if member.eof else member
    if not is_complete:
        raise SourceError(f"{file}: truncated gzip, its end is missing; get the file again.")


def pieces_and_end(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield pieces unchanged, then an empty piece, which flushes a decoder."""
    yield from pieces
    yield b""


def decode(
    decoder: codecs.IncrementalDecoder, piece: bytes, position: int, encoding: str, file: str
) -> str:
    """Decode one piece of a file.

    Args:
        decoder: an incremental decoder.
        piece: bytes to decode; empty at the end of the file.
        position: where the piece begins, in bytes of (decompressed) text.
        encoding: name of the encoding, for the message.
        file: name of the file, for the message.

    Raises:
        SourceError: bytes are invalid in the encoding; set files.encoding in the profile or
            convert the file.
    """
    pending = len(decoder.getstate()[0])
    try:
        text: str = decoder.decode(piece, final=not piece)
    except UnicodeDecodeError as error:
        at = position - pending + error.start
        raise SourceError(
            f"{file}: byte {at} is not {encoding} ({error.reason}); "
            "set files.encoding in the profile or convert the file."
        ) from None
    return text
