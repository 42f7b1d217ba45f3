"""Work: pieces that each write rows of tables, done by the workers, or here where they are few."""

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

# Rows that this process reads itself: it is done before Spark has planned a job.
FEW_ROWS = 400_000
SCHEMA = pa.schema([("id", pa.int32()), ("arguments", pa.string())])

Task = Callable[[Mapping[str, Any]], Iterator[Rows]]


@dataclass(frozen=True)
class Piece:
    """A piece of work.

    Attributes:
        arguments: what its task needs to know, as JSON can write it.
        rows: how many rows it reads, about.
    """

    arguments: Mapping[str, Any]
    rows: int

    @property
    def text(self) -> str:
        """The arguments as JSON."""
        return json.dumps(self.arguments, default=str)

    def plain(self) -> dict[str, Any]:
        """Return the arguments as a task gets them."""
        plain: dict[str, Any] = json.loads(self.text)
        return plain


def do_work(
    spark: "Callable[[], SparkSession]", lake: Lake, pieces: Sequence[Piece], task: Task
) -> list[Part]:
    """Write files of tables, a task's call for each piece.

    Args:
        spark: starts the session, or returns it; called only where there is much to do.
        lake: where the tables are.
        pieces: each must fit into a worker's memory.
        task: yields rows of tables; sent to the workers.

    Returns:
        What was written; see ``write_parts``.
    """
    largest_first = sorted(pieces, key=lambda piece: -piece.rows)
    listed = pa.table([range(len(pieces)), [piece.text for piece in largest_first]], schema=SCHEMA)
    if sum(piece.rows for piece in pieces) <= FEW_ROWS:
        made = work_off(listed.to_batches(), task)
        return [Part(**file) for rows in made for file in write_part(lake, rows)]
    spread = spark().createDataFrame(listed).repartitionById(len(pieces), "id")
    return write_parts(lake, spread, partial(work_off, task=task))


def work_off(batches: Iterable[pa.RecordBatch], task: Task) -> Iterator[Rows]:
    """Do the pieces of a Spark partition, rows of ``SCHEMA``."""
    for batch in batches:
        for arguments in batch.column("arguments").to_pylist():
            yield from task(json.loads(arguments))
