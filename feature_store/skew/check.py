"""Execution of a skew check, from sales to counts: in Spark workers, or in-process if small."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial

import pyarrow as pa

from feature_store.skew.comparison import Counts
from feature_store.skew.task import ColumnRef, CompareTask, RebuildTask
from feature_store.units import ComparisonUnit, MonthUnit
from lakehouse.chunks import write_stream
from lakehouse.delta.work import Executor, WorkUnit, are_few, pack_units, unpack_unit

# A message is a unit of work; or rebuilt cells for the unit of the comparison with number id, as
# an Arrow stream in rows.
MESSAGE = pa.schema([("id", pa.int32()), ("unit", pa.binary()), ("rows", pa.binary())])
MESSAGE_DDL = "id INT, unit BINARY, rows BINARY"
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
class SkewCheck:
    """Rebuilds cells from sales and compares stored rows with the rebuilt cells.

    Each worker's memory holds one unit; the calling process receives only counts.

    Attributes:
        executor: gives the Spark session if there is much to do.
        rebuild: task for each unit of sales.
        compare: task for each unit of the comparison.
    """

    executor: Executor
    rebuild: RebuildTask
    compare: CompareTask

    def run(
        self, sales: Sequence[MonthUnit], comparisons: Sequence[ComparisonUnit]
    ) -> dict[ColumnRef, Counts]:
        """Rebuild and compare all units.

        Args:
            sales: units for ``RebuildTask``.
            comparisons: units for ``CompareTask``; the position in this list is a unit's number.

        Returns:
            Column → counts.
        """
        asked, given = messages_of(sales), messages_of(comparisons)
        rebuild, compare = (
            partial(rebuild_cells, self.rebuild),
            partial(compare_units, self.compare),
        )
        if are_few((*sales, *comparisons)):
            return add_up(compare([*given.to_batches(), *rebuild(asked.to_batches())]))
        spark = self.executor.spark()
        spread = spark.createDataFrame(asked).repartitionById(max(1, len(sales)), "id")
        messages = spark.createDataFrame(given).union(spread.mapInArrow(rebuild, MESSAGE_DDL))
        by_unit = messages.repartitionById(len(comparisons), "id")
        return add_up(by_unit.mapInArrow(compare, FOUND_DDL).toArrow().to_batches())


def messages_of(units: Sequence[WorkUnit]) -> pa.Table:
    """Write units of work as messages; ``id`` is the position of a unit in the list."""
    return pack_units(units).append_column("rows", pa.nulls(len(units), pa.binary()))


def rebuild_cells(task: RebuildTask, batches: Batches) -> Iterator[pa.RecordBatch]:
    """Turn messages with units of sales into messages with rebuilt cells; runs in a worker."""
    for batch in batches:
        for packed in batch.column("unit").to_pylist():
            for number, cells in task(unpack_unit(packed, MonthUnit)):
                stream = pa.array([write_stream(cells.combine_chunks())], pa.binary())
                yield pa.record_batch([[number], pa.nulls(1, pa.binary()), stream], schema=MESSAGE)


def compare_units(task: CompareTask, batches: Batches) -> Iterator[pa.RecordBatch]:
    """Compare stored rows with rebuilt cells for the units in messages; runs in a worker.

    Args:
        task: the task of the comparison.
        batches: messages with units, and all messages with rebuilt cells for these units.

    Yields:
        Counts per table and column, as rows of ``FOUND``.
    """
    units: dict[int, ComparisonUnit] = {}
    cells: dict[int, list[pa.Buffer]] = defaultdict(list)
    for batch in batches:
        for number, packed, rows in zip(*batch.columns, strict=True):
            if rows.is_valid:
                cells[number.as_py()].append(rows.as_buffer())
            else:
                units[number.as_py()] = unpack_unit(packed.as_py(), ComparisonUnit)
    for number, unit in units.items():
        counts = add_counts(task(unit, cells.pop(number, [])))
        count_rows = [{**ref._asdict(), **asdict(of_column)} for ref, of_column in counts.items()]
        yield pa.RecordBatch.from_pylist(count_rows, FOUND)


def add_counts(counted: Iterable[tuple[ColumnRef, Counts]]) -> dict[ColumnRef, Counts]:
    """Sum counts by column."""
    sums: dict[ColumnRef, Counts] = defaultdict(Counts)
    for ref, counts in counted:
        sums[ref] += counts
    return dict(sums)


def add_up(batches: Batches) -> dict[ColumnRef, Counts]:
    """Sum the counts in rows of ``FOUND`` by column."""
    rows = (row for batch in batches for row in batch.to_pylist())
    return add_counts(
        (ColumnRef(row.pop("table"), row.pop("column")), Counts(**row)) for row in rows
    )
