"""JSON text of forecast numbers, rendered in blocks of rows."""

from collections.abc import Iterator, Mapping
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
import pyarrow.compute as pc

Real: TypeAlias = npt.NDArray[np.float32]
Number: TypeAlias = npt.NDArray[np.int64]

NUMBERS = ("units", "p10", "p50", "p90", "p95")
BYTES = pa.large_binary()
NOTHING = pa.scalar(b"", BYTES)
# Rows rendered at once: the texts of a block fit the processor's cache.
BLOCK = 65_536
COMMA = ord(",")


def render_numbers(values: Mapping[str, Real]) -> Iterator[tuple[memoryview, Number]]:
    """Render the members ``NUMBERS`` of forecasts' JSON objects, each with a comma behind it.

    Args:
        values: name of ``NUMBERS`` → ``[row]`` float32; NaN becomes null.

    Yields:
        The joined texts of a block of rows, and ``[row]`` the length of each, bytes.
    """
    for start in range(0, len(values[NUMBERS[0]]), BLOCK):
        pieces: list[pa.Array | pa.Scalar] = []
        for name in NUMBERS:
            members = pa.scalar(b'"%s":' % name.encode(), BYTES)
            pieces += [members, written_numbers(values[name][start : start + BLOCK])]
        joined = join_pieces(pieces)
        yield joined.text, np.diff(joined.offsets)


class Joined:
    """The texts of an Arrow binary array, which follow each other in memory.

    Attributes:
        offsets: ``[row + 1]`` int64: where each text begins, bytes.
        text: all texts.
    """

    def __init__(self, array: pa.Array) -> None:
        _, offsets, text = array.buffers()
        self.offsets: Number = np.frombuffer(offsets, np.int64)[: len(array) + 1]
        self.text = memoryview(text)[: int(self.offsets[-1])] if text else memoryview(b"")


def join_pieces(pieces: list[pa.Array | pa.Scalar]) -> Joined:
    """Join columns of texts row by row; a null is an empty text."""
    joined = pc.binary_join_element_wise(*pieces, NOTHING, null_handling="skip")
    return Joined(joined)


def written_numbers(values: Real) -> pa.Array:
    """Write each number as the shortest decimal that is the same float32, with a comma behind it.

    Args:
        values: ``[row]`` float32, at least one; NaN becomes null.

    Returns:
        ``[row]`` large_binary.
    """
    listed = bytearray(
        orjson.dumps(np.ascontiguousarray(values), option=orjson.OPT_SERIALIZE_NUMPY)
    )
    listed[-1] = COMMA  # the closing bracket
    ends = np.flatnonzero(np.frombuffer(listed, np.uint8) == COMMA) + 1
    # The first text begins behind the opening bracket.
    return binary_array(np.concatenate([[1], ends]), bytes(listed))


def binary_array(offsets: Number, text: object) -> pa.Array:
    """Return an Arrow array over texts that follow each other in memory, without a copy.

    Args:
        offsets: ``[row + 1]`` int64: where each text begins, bytes.
        text: a buffer with all texts.
    """
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(text)]
    return pa.LargeBinaryArray.from_buffers(BYTES, len(offsets) - 1, buffers)
