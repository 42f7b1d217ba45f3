"""Stage: the accepted messages of an upload in a file, complete before any of them is sent."""

from collections.abc import Iterator
from pathlib import Path
from typing import Self

import pyarrow as pa

from serving.uploads.verdicts import MESSAGE

COMPRESSED = pa.ipc.IpcWriteOptions(compression="lz4")


class Stage:
    """Writes messages to a file, block by block; a context manager that closes the file."""

    def __init__(self, path: Path) -> None:
        self._writer = pa.ipc.new_stream(pa.OSFile(str(path), "wb"), MESSAGE, options=COMPRESSED)

    def __enter__(self) -> Self:
        """Return this stage."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self._writer.close()

    def add(self, messages: pa.Table) -> None:
        """Append messages, columns ``MESSAGE``."""
        self._writer.write_table(messages)


def staged_blocks(path: Path) -> Iterator[pa.RecordBatch]:
    """Read the messages of a stage, block by block."""
    with pa.OSFile(str(path)) as file, pa.ipc.open_stream(file) as reader:
        yield from reader
