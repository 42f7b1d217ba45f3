"""A check's work, from sales to counts, by the workers, or here where there is little to do."""

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

# A piece of work, its arguments as JSON; or the cells of a place, as an Arrow stream.
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
    """Rebuilds cells and compares them.

    Memory is that of a piece for each worker; the process that asks gets counts alone.

    Attributes:
        spark: starts the session, or returns it; called only where there is much to do.
        rebuild: what is done with a piece of sales.
        compare: what is done with a place and its cells.
    """

    spark: "Callable[[], SparkSession]"
    rebuild: RebuildTask
    compare: CompareTask

    def do(self, sales: Sequence[Piece], places: Sequence[Piece]) -> dict[Place, Counts]:
        """Compare all places.

        Args:
            sales: see ``RebuildTask``.
            places: see ``CompareTask``; the number of each is its place in this list.
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
    """Write pieces of work as messages, in their order."""
    arguments = [json.dumps(piece.arguments, default=str) for piece in pieces]
    empty = pa.nulls(len(pieces), pa.binary())
    return pa.table([range(len(pieces)), arguments, empty], schema=MESSAGE)


def spread(spark: "SparkSession", messages: pa.Table) -> "DataFrame":
    """Give each message a Spark partition of its own."""
    return spark.createDataFrame(messages).repartitionById(max(1, len(messages)), "id")


def rebuilt(task: RebuildTask, batches: Batches) -> Iterator[pa.RecordBatch]:
    """Turn pieces of sales into cells of places, both as messages; runs in a worker."""
    for batch in batches:
        for arguments in batch.column("arguments").to_pylist():
            for number, cells in task(json.loads(arguments)):
                packed = pa.array([written(cells.combine_chunks())], pa.binary())
                yield pa.record_batch([[number], pa.nulls(1, pa.string()), packed], schema=MESSAGE)


def compared(task: CompareTask, batches: Batches) -> Iterator[pa.RecordBatch]:
    """Turn the messages of whole places into rows of ``FOUND``; runs in a worker."""
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
    """Add counts up by table and column."""
    counts: dict[Place, Counts] = defaultdict(Counts)
    for place, one in found:
        counts[place] += one
    return dict(counts)


def added_up(batches: Batches) -> dict[Place, Counts]:
    """Read rows of ``FOUND`` and add them up."""
    rows = (row for batch in batches for row in batch.to_pylist())
    return summed(((row.pop("table"), row.pop("column")), Counts(**row)) for row in rows)
