"""replace_months: whole months of a derived table, written by the workers, committed at once."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import pyarrow as pa
from deltalake.transaction import AddAction

from lakehouse.delta import log
from lakehouse.delta.files import WRITTEN, WRITTEN_SCHEMA, write_months
from lakehouse.lake import Lake
from lakehouse.table import Table

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

Produce = Callable[[pa.Table], Iterator[pa.Table]]


@dataclass(frozen=True)
class Written:
    """What a write put into a table."""

    files: int
    rows: int
    size: int


def replace_months(
    lake: Lake,
    table: Table,
    parts: "DataFrame",
    months: Sequence[date],
    produce: Produce | None = None,
    made_from: Mapping[date, str] | None = None,
) -> Written:
    """Replace whole months of a table by the rows that the workers produce.

    One atomic commit: a reader sees all months as they were or as they are now. Files of a task
    that failed or of a write that was cut off are never part of the table; vacuum removes them.

    Args:
        lake: where the table is.
        table: partitioned by month; created where it is missing.
        parts: the input, one call of ``produce`` per Spark partition.
        months: the months that are replaced, also where nothing is produced for them.
        produce: a partition's rows → tables with the columns of ``table``, of these months alone;
            None: the partition's rows as they are.
        made_from: digest, by month, of what the rows were made from; kept for ``log.built``.

    Returns:
        What was written.
    """
    target = log.create(lake, table)
    rows = parts.mapInArrow(writer(lake.uri(table), table, produce or whole), ", ".join(c.ddl for c in WRITTEN))
    written = rows.collect()
    now = time.time_ns() // 1_000_000
    target.create_write_transaction(
        [
            AddAction(w.path, w.size, {"month": str(w.month)}, now, True, w.stats)
            for w in written
        ],
        mode="overwrite",
        schema=target.schema(),
        partition_by=["month"],
        partition_filters=[("month", "in", [str(month) for month in months])],
        commit_properties=log.built_property({**log.built(lake, table), **(made_from or {})}),
    )
    return Written(len(written), sum(w.rows for w in written), sum(w.size for w in written))


def whole(part: pa.Table) -> Iterator[pa.Table]:
    """Produce a partition's rows as they are."""
    yield part


def writer(
    uri: str, table: Table, produce: Produce
) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """Make the function that a worker runs: take a partition, produce rows, write files."""
    names, key = list(table.names), table.key

    def write(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        received = list(batches)
        if not received:
            return
        for rows in produce(pa.Table.from_batches(received)):
            written = list(write_months(uri, rows.select(names), key))
            yield pa.RecordBatch.from_pylist(written, WRITTEN_SCHEMA)

    return write
