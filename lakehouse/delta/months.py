"""replace_months: whole months of derived tables, written by the workers, committed at once."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from deltalake.transaction import AddAction

from lakehouse.delta import log
from lakehouse.delta.files import WRITTEN, WRITTEN_SCHEMA, write_months
from lakehouse.lake import Lake
from lakehouse.table import Table

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def nothing() -> dict[date, str]:
    """Record nothing of what the rows were made from."""
    return {}


@dataclass(frozen=True)
class Output:
    """Months of one table that are to be replaced.

    Attributes:
        table: partitioned by month; created where it is missing.
        months: what is replaced, also where nothing is produced for a month.
        produce: a Spark partition's rows → tables with the table's columns, of these months alone.
        made_from: digest, by month, of what the rows were made from, kept for ``log.built``; it
            is asked for just before the commit, after those of the outputs before this one.
        is_whole: the months are all that the table has; it may then take new columns.
    """

    table: Table
    months: Sequence[date]
    produce: Callable[[pa.Table], Iterator[pa.Table]]
    made_from: Callable[[], Mapping[date, str]] = nothing
    is_whole: bool = False


@dataclass(frozen=True)
class Written:
    """What a write put into a table."""

    files: int
    rows: int
    size: int


def replace_months(lake: Lake, parts: "DataFrame", *outputs: Output) -> list[Written]:
    """Replace whole months of tables by what the workers produce of the same rows.

    One atomic commit per table, in the order of the outputs: a reader sees all of a table's months
    as they were or as they are now. Files of a task that failed, or of a write that was cut off,
    are never part of a table; vacuum removes them.

    Args:
        lake: where the tables are.
        parts: the input, each Spark partition handed whole to every output's ``produce``.
        outputs: what to write.

    Returns:
        What was written, by output.
    """
    for output in outputs:
        if not output.is_whole:
            log.create(lake, output.table)
    sinks = [
        (lake.uri(output.table), output.table.names, output.table.key, output.produce)
        for output in outputs
    ]
    schema = ", ".join(column.ddl for column in WRITTEN)
    written = parts.mapInArrow(partial(write_parts, sinks=sinks), schema).collect()
    return [
        commit(lake, output, [row for row in written if row.table == lake.uri(output.table)])
        for output in outputs
    ]


def write_parts(
    batches: Iterable[pa.RecordBatch],
    sinks: Sequence[tuple[str, Sequence[str], tuple[str, ...], Any]],
) -> Iterator[pa.RecordBatch]:
    """Write what every sink produces of one Spark partition; runs in a worker.

    Args:
        batches: the partition.
        sinks: URI, columns, key and ``produce`` of each table.

    Yields:
        The columns of ``WRITTEN``, a row per file.
    """
    received = list(batches)
    if not received:
        return
    part = pa.Table.from_batches(received)
    for uri, names, key, produce in sinks:
        for rows in produce(part):
            files = [{"table": uri, **file} for file in write_months(uri, rows.select(names), key)]
            yield pa.RecordBatch.from_pylist(files, WRITTEN_SCHEMA)


def commit(lake: Lake, output: Output, written: Sequence[Any]) -> Written:
    """Make written files the content of an output's months."""
    target = log.create(lake, output.table, replaces_all=output.is_whole)
    now = time.time_ns() // 1_000_000
    target.create_write_transaction(
        [AddAction(w.path, w.size, {"month": str(w.month)}, now, True, w.stats) for w in written],
        mode="overwrite",
        schema=target.schema(),
        partition_by=["month"],
        partition_filters=[("month", "in", [str(month) for month in output.months])],
        commit_properties=log.built_property(
            {**log.built(lake, output.table), **output.made_from()}
        ),
    )
    return Written(len(written), sum(w.rows for w in written), sum(w.size for w in written))
