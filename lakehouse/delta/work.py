"""Execution of work units: in this process if they have few rows, else in Spark's workers."""

import pickle
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import pyarrow as pa

from lakehouse.delta.parts import DataFile, TableRows, write_files, write_parts
from lakehouse.lake import Lake

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# Up to this many rows in all, this process does the work faster than Spark plans a job.
FEW_ROWS = 400_000
# The same of records, which the driver parses and holds at about 300 bytes each.
FEW_RECORDS = 200_000
SCHEMA = pa.schema([("id", pa.int32()), ("unit", pa.binary())])


@dataclass(frozen=True, kw_only=True)
class WorkUnit:
    """A unit of work: one call of a task. Each task declares a subclass with what it needs.

    Attributes:
        rows: about how many rows the task reads.
    """

    rows: int


Unit = TypeVar("Unit", bound=WorkUnit)


@dataclass(frozen=True)
class Executor:
    """Calls tasks for units of work, and decides where.

    Attributes:
        spark: returns the Spark session, starting it if necessary; called only if the units have
            more than ``FEW_ROWS`` rows.
    """

    spark: "Callable[[], SparkSession]"

    def write(
        self, lake: Lake, units: Sequence[Unit], task: Callable[[Unit], Iterator[TableRows]]
    ) -> list[DataFile]:
        """Write files of tables by calling a task once for each unit of work.

        Args:
            lake: the lake that has the tables.
            units: the units, each small enough for a worker's memory.
            task: unit → rows of tables; sent to the workers.

        Returns:
            The written files, not yet committed; see ``write_parts``.
        """
        if are_few(units):
            new = (rows for unit in units for rows in task(unit))
            return [file for rows in new for file in write_files(lake, rows)]
        largest_first = sorted(units, key=lambda unit: -unit.rows)
        spread = self.spark().createDataFrame(pack_units(largest_first))
        work = partial(call_task, task=task)
        return write_parts(lake, spread.repartitionById(len(units), "id"), work)


def are_few(units: Iterable[WorkUnit]) -> bool:
    """Return whether this process does the units, because Spark would take longer to plan them."""
    return sum(unit.rows for unit in units) <= FEW_ROWS


def pack_units(units: Sequence[WorkUnit]) -> pa.Table:
    """Write units as rows of ``SCHEMA``; ``id`` is the position of a unit in the list.

    Units are pickled, as Spark pickles the task that receives them.
    """
    return pa.table([range(len(units)), [pickle.dumps(unit) for unit in units]], schema=SCHEMA)


def unpack_unit(packed: bytes, kind: type[Unit]) -> Unit:
    """Return the unit that ``pack_units`` wrote.

    Raises:
        TypeError: the unit is of another kind.
    """
    unit = pickle.loads(packed)
    if not isinstance(unit, kind):
        raise TypeError(f"{unit!r} is no {kind.__name__}")
    return unit


def call_task(
    batches: Iterable[pa.RecordBatch], task: Callable[[Unit], Iterator[TableRows]]
) -> Iterator[TableRows]:
    """Call a task for each unit of work in batches of ``SCHEMA``; runs in a worker."""
    for batch in batches:
        for packed in batch.column("unit").to_pylist():
            yield from task(pickle.loads(packed))
