"""One file per version: its arrays one after the other, then a footer that describes them.

Processes map the file into memory: the operating system keeps one copy for all of them, and a
restart maps the file again instead of reading the lake. The footer comes last, so that a file cut
short has none.
"""

import mmap
import os
import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import orjson

from serving.lookup.columns import ARRAYS, Columns, arrays_of
from serving.lookup.gathering import Gathered
from serving.lookup.kinds import Kind
from serving.lookup.texts import Number, render_numbers

# Part of the name of every file: a program with another format leaves the file alone.
FORMAT = 1
MAGIC = b"shopcast"
# Length of the footer, checksum of all bytes before it, MAGIC.
END = struct.Struct("<QI8s")
ALIGNMENT = 64
READ_BYTES = 1 << 20


class ColumnFileError(Exception):
    """The file is cut short or damaged; delete the file, the API makes it again."""


class Writer:
    """A file that notes the place of each array and the checksum of all bytes."""

    def __init__(self, file: BinaryIO) -> None:
        self.places: dict[str, tuple[int, int]] = {}
        self.checksum = 0
        self._file, self._at = file, 0

    def write(self, data: bytes | memoryview) -> None:
        """Write bytes."""
        self._file.write(data)
        self._at += len(data)
        self.checksum = zlib.crc32(data, self.checksum)

    def write_array(self, name: str, array: npt.NDArray[Any]) -> None:
        """Write an array as ``ARRAYS`` types it."""
        start = self.begin_array()
        self.write(np.ascontiguousarray(array, ARRAYS[name]).data.cast("B"))
        self.places[name] = start, len(array)

    def write_texts(self, blocks: Iterator[tuple[memoryview, Number]]) -> None:
        """Write ``texts`` as they are rendered, then ``offsets``."""
        start, lengths = self.begin_array(), [np.zeros(1, np.int64)]
        for text, block_lengths in blocks:
            self.write(text)
            lengths.append(block_lengths)
        self.places["texts"] = start, self._at - start
        self.write_array("offsets", np.cumsum(np.concatenate(lengths)))

    def begin_array(self) -> int:
        """Fill up to the next aligned byte, and return its place in the file."""
        self.write(bytes(-self._at % ALIGNMENT))
        return self._at


def write_file(path: Path, gathered: Gathered) -> None:
    """Write the forecasts of a version to a file, which appears under its name once complete.

    Args:
        path: the file; its folder exists.
        gathered: the forecasts.
    """
    partial = path.with_suffix(f".{os.getpid()}.partial")
    try:
        with partial.open("wb") as file:
            writer = Writer(file)
            writer.write_texts(render_numbers(gathered.values))
            for name, array in arrays_of(gathered).items():
                writer.write_array(name, array)
            footer = {
                "arrays": writer.places,
                "shops": gathered.shops,
                "items": gathered.items,
                "kinds": [asdict(kind) for kind in gathered.kinds],
            }
            listed = orjson.dumps(footer)
            writer.write(listed)
            file.write(END.pack(len(listed), writer.checksum, MAGIC))
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def map_file(path: Path) -> Columns:
    """Map a file of ``write_file`` into memory.

    Raises:
        ColumnFileError: the file is cut short.
    """
    with path.open("rb") as file:
        footer = read_footer(path, file)
        mapped = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    kinds = [
        Kind(
            **{
                **kind,
                "month": date.fromisoformat(kind["month"]),
                "generated_at": datetime.fromisoformat(kind["generated_at"]),
            }
        )
        for kind in footer["kinds"]
    ]
    return Columns(footer["shops"], footer["items"], kinds, arrays_at(mapped, footer["arrays"]))


def arrays_at(
    mapped: memoryview, places: Mapping[str, tuple[int, int]]
) -> dict[str, npt.NDArray[Any]]:
    """Return the arrays of a mapped file, without copies."""
    return {
        name: np.frombuffer(mapped, dtype, places[name][1], places[name][0])
        for name, dtype in ARRAYS.items()
    }


def read_footer(path: Path, file: BinaryIO) -> dict[str, Any]:
    """Read the footer.

    Raises:
        ColumnFileError: the file is cut short.
    """
    size = os.fstat(file.fileno()).st_size
    if size < END.size:
        raise ColumnFileError(f"{path}: {size} bytes are no complete file.")
    file.seek(size - END.size)
    length, _, magic = END.unpack(file.read(END.size))
    if magic != MAGIC or length > size - END.size:
        raise ColumnFileError(f"{path}: the file is cut short.")
    file.seek(size - END.size - length)
    footer: dict[str, Any] = orjson.loads(file.read(length))
    return footer


def check_file(path: Path) -> None:
    """Compare the bytes of a file with its checksum.

    Raises:
        ColumnFileError: the file is cut short or damaged.
    """
    checksum = 0
    with path.open("rb") as file:
        read_footer(path, file)
        left = os.fstat(file.fileno()).st_size - END.size
        file.seek(0)
        while left:
            block = file.read(min(READ_BYTES, left))
            checksum = zlib.crc32(block, checksum)
            left -= len(block)
        if END.unpack(file.read(END.size))[1] != checksum:
            raise ColumnFileError(f"{path}: its bytes differ from its checksum.")
