"""Work distribution: pieces that write rows of tables, run in Spark workers or, if small, here."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from lakehouse.delta.parts import Part, Rows, write_part, write_parts
from lakehouse.lake import Lake

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# Up to this many rows in all, this process does the work faster than Spark plans a job.
FEW_ROWS = 400_000
SCHEMA = pa.schema([("id", pa.int32()), ("arguments", pa.string())])

Task = Callable[[Mapping[str, Any]], Iterator[Rows]]


@dataclass(frozen=True)
class Piece:
    """A piece of work: one call of a task.

    Attributes:
        arguments: the arguments of the task's call; JSON-serialisable, dates becoming text.
        rows: about how many rows the call reads.
    """

    arguments: Mapping[str, Any]
    rows: int

    @property
    def text(self) -> str:
        """The arguments as JSON."""
        return json.dumps(self.arguments, default=str)

    def plain(self) -> dict[str, Any]:
        """Return the arguments as the task receives them, after a JSON round trip."""
        plain: dict[str, Any] = json.loads(self.text)
        return plain


def do_work(
    spark: "Callable[[], SparkSession]", lake: Lake, pieces: Sequence[Piece], task: Task
) -> list[Part]:
    """Write files of tables by calling a task once for each piece of work.

    Args:
        spark: returns the Spark session, starting it if necessary; called only if the pieces have
            more than ``FEW_ROWS`` rows.
        lake: the lake that has the tables.
        pieces: pieces of work, each small enough for a worker's memory.
        task: arguments of a piece → rows of tables; sent to the workers.

    Returns:
        The written files, not yet committed; see ``write_parts``.
    """
    largest_first = sorted(pieces, key=lambda piece: -piece.rows)
    listed = pa.table([range(len(pieces)), [piece.text for piece in largest_first]], schema=SCHEMA)
    if sum(piece.rows for piece in pieces) <= FEW_ROWS:
        made = work_off(listed.to_batches(), task)
        return [Part(**file) for rows in made for file in write_part(lake, rows)]
    spread = spark().createDataFrame(listed).repartitionById(len(pieces), "id")
    return write_parts(lake, spread, partial(work_off, task=task))


def work_off(batches: Iterable[pa.RecordBatch], task: Task) -> Iterator[Rows]:
    """Call a task for each piece of work in batches of ``SCHEMA``."""
    for batch in batches:
        for arguments in batch.column("arguments").to_pylist():
            yield from task(json.loads(arguments))
