"""Execution of a skew check, from sales to counts: in Spark workers, or in-process if small."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from feature_store.skew.comparison import Counts
from feature_store.skew.task import CompareTask, Place, RebuildTask
from lakehouse.chunks import written
from lakehouse.delta.work import FEW_ROWS, Piece

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

# A message is a piece of work, with arguments as JSON; or rebuilt cells for the piece of the
# comparison with number id, as an Arrow stream in rows.
MESSAGE = pa.schema([("id", pa.int32()), ("arguments", pa.string()), ("rows", pa.binary())])
MESSAGE_DDL = "id INT, arguments STRING, rows BINARY"
FOUND = pa.schema(
    [
        *((name, pa.string()) for name in ("table", "column", "example")),
        *((name, pa.int64()) for name in ("compared", "missing", "extra", "mismatched")),
    ]
)
FOUND_DDL = (
    "`table` STRING, `column` STRING, example STRING, "
    "compared BIGINT, missing BIGINT, extra BIGINT, mismatched BIGINT"
)
Batches = Iterable[pa.RecordBatch]


@dataclass(frozen=True)
class SkewWork:
    """Rebuilds cells from sales and compares stored rows with the rebuilt cells.

    Each worker's memory holds one piece; the calling process receives only counts.

    Attributes:
        spark: function that returns the Spark session, starting one if necessary; called only if
            there is much to do.
        rebuild: task for each piece of sales.
        compare: task for each piece of the comparison.
    """

    spark: "Callable[[], SparkSession]"
    rebuild: RebuildTask
    compare: CompareTask

    def do(self, sales: Sequence[Piece], places: Sequence[Piece]) -> dict[Place, Counts]:
        """Rebuild and compare all pieces.

        Args:
            sales: pieces for ``RebuildTask``.
            places: pieces for ``CompareTask``; the position in this list is a piece's number.

        Returns:
            (table path, column) → counts.
        """
        asked, judge = numbered(sales), partial(compared, self.compare)
        make, listed = partial(rebuilt, self.rebuild), numbered(places)
        if sum(piece.rows for piece in (*sales, *places)) <= FEW_ROWS:
            return added_up(judge([*listed.to_batches(), *make(asked.to_batches())]))
        made = spread(self.spark(), asked).mapInArrow(make, MESSAGE_DDL)
        messages = self.spark().createDataFrame(listed).union(made)
        gathered = messages.repartitionById(len(places), "id")
        return added_up(gathered.mapInArrow(judge, FOUND_DDL).toArrow().to_batches())


def numbered(pieces: Sequence[Piece]) -> pa.Table:
    """Write pieces of work as messages; ``id`` is the position of a piece in the list."""
    arguments = [json.dumps(piece.arguments, default=str) for piece in pieces]
    empty = pa.nulls(len(pieces), pa.binary())
    return pa.table([range(len(pieces)), arguments, empty], schema=MESSAGE)


def spread(spark: "SparkSession", messages: pa.Table) -> "DataFrame":
    """Distribute messages in Spark, one message per partition."""
    return spark.createDataFrame(messages).repartitionById(max(1, len(messages)), "id")


def rebuilt(task: RebuildTask, batches: Batches) -> Iterator[pa.RecordBatch]:
    """Turn messages with pieces of sales into messages with rebuilt cells; runs in a worker."""
    for batch in batches:
        for arguments in batch.column("arguments").to_pylist():
            for number, cells in task(json.loads(arguments)):
                packed = pa.array([written(cells.combine_chunks())], pa.binary())
                yield pa.record_batch([[number], pa.nulls(1, pa.string()), packed], schema=MESSAGE)


def compared(task: CompareTask, batches: Batches) -> Iterator[pa.RecordBatch]:
    """Compare stored rows with rebuilt cells for the pieces in messages; runs in a worker.

    Args:
        task: the task of the comparison.
        batches: messages with pieces, and all messages with rebuilt cells for these pieces.

    Yields:
        Counts per table and column, as rows of ``FOUND``.
    """
    places: dict[int, Mapping[str, Any]] = {}
    cells: dict[int, list[pa.Buffer]] = defaultdict(list)
    for batch in batches:
        for number, arguments, rows in zip(*batch.columns, strict=True):
            if rows.is_valid:
                cells[number.as_py()].append(rows.as_buffer())
            else:
                places[number.as_py()] = json.loads(arguments.as_py())
    for number, place in places.items():
        counts = summed(task(place, cells.pop(number, [])))
        found = [{"table": at[0], "column": at[1], **asdict(n)} for at, n in counts.items()]
        yield pa.RecordBatch.from_pylist(found, FOUND)


def summed(found: Iterable[tuple[Place, Counts]]) -> dict[Place, Counts]:
    """Sum counts by table and column."""
    counts: dict[Place, Counts] = defaultdict(Counts)
    for place, one in found:
        counts[place] += one
    return dict(counts)


def added_up(batches: Batches) -> dict[Place, Counts]:
    """Sum the counts in rows of ``FOUND`` by table and column."""
    rows = (row for batch in batches for row in batch.to_pylist())
    return summed(((row.pop("table"), row.pop("column")), Counts(**row)) for row in rows)
