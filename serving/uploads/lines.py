"""Lines of a body, in blocks, with their numbers in the body."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from serving.uploads.limits import unreadable

# A line with no other characters than these is blank, as in files.
NOT_BLANK = "[^\x00-\x20]"


@dataclass(frozen=True)
class Lines:
    """Lines that are not blank.

    Attributes:
        numbers: int64, each line's number in the body, from 1.
        texts: binary, the lines without line ends.
    """

    numbers: pa.Array
    texts: pa.Array


def line_blocks(pieces: Iterable[bytes], longest: int) -> Iterator[Lines]:
    """Cut pieces of a body into blocks of whole lines.

    Args:
        pieces: the body's plain bytes.
        longest: most bytes of a line.

    Raises:
        RefusedBodyError: a line is longer.
    """
    held, count = b"", 0
    for piece in pieces:
        block = held + piece
        # Keep the two bytes of a line end "\r\n" in one block.
        end = 1 + (block.rfind(b"\n") if b"\n" in block else block.rfind(b"\r", 0, -1))
        held = block[end:]
        if len(held) > longest:
            number = count + 1 + block.count(b"\n", 0, end)
            raise unreadable(
                f"Line {number} is longer than {longest} bytes; write each record as a line."
            )
        if end:
            lines, count = split_block(block[:end], count)
            yield lines
    if held:
        yield split_block(held, count)[0]


def split_block(block: bytes, before: int) -> tuple[Lines, int]:
    """Split a block into lines; return the lines and the number of the last one.

    Args:
        block: whole lines.
        before: number of lines before the block.
    """
    text = block.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    lines = pc.split_pattern(pa.array([text.removesuffix(b"\n")], pa.binary()), b"\n").flatten()
    numbers = pa.array(np.arange(before + 1, before + 1 + len(lines)))
    is_row = pc.match_substring_regex(lines, NOT_BLANK)
    return Lines(numbers.filter(is_row), lines.filter(is_row)), before + len(lines)
