"""Check of a cluster's executors: they have the program, and see the driver's folders."""

from collections.abc import Collection, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pyarrow as pa

from lakehouse.errors import RefusedError
from lakehouse.storage import is_local, local_path

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

GUIDE = "docs/how_to/spark_cluster.md"


def require_executors(spark: "SparkSession", places: Collection[str]) -> None:
    """Check that a cluster's executors can import the program and see local folders and files.

    One short task runs in every task slot. A local session passes without a task.

    Args:
        spark: the session.
        places: normal URIs that the executors will read or write; those of object stores pass.

    Raises:
        RefusedError: an executor lacks the program or does not see a place; the message gives the
            remedy.
    """
    master = str(spark.sparkContext.master)
    if master.startswith("local"):
        return
    with ExitStack() as stack:
        witnesses = {
            str(stack.enter_context(witness(local_path(uri)))): uri
            for uri in sorted(places)
            if is_local(uri)
        }
        unseen = unseen_paths(spark, list(witnesses), master)
    if unseen:
        raise RefusedError(
            f"{', '.join(witnesses[path] for path in unseen)}: executors of {master} do not see "
            "what the driver sees there. Name a place in an object store, such as s3a://bucket/x "
            "(--lake or LAKE_ROOT, --data), mount the folder on every executor under the same "
            f"path, or set SPARK_MASTER=local[*]; {GUIDE} says more."
        )


@contextmanager
def witness(path: Path) -> Iterator[Path]:
    """Make a new file in a folder while a block runs, and return the file's path.

    A file, or a folder that this process may not write to, is returned itself.
    """
    new = path / f".seen-by-executors-{uuid4()}"
    with suppress(OSError):
        new.touch()
    try:
        yield new if new.exists() else path
    finally:
        with suppress(OSError):
            new.unlink(missing_ok=True)


def unseen_paths(spark: "SparkSession", paths: list[str], master: str) -> list[str]:
    """List the paths that some executor does not see.

    Raises:
        RefusedError: an executor cannot import the program.
    """
    slots = spark.sparkContext.defaultParallelism
    tasks = spark.range(0, slots, 1, slots).mapInArrow(partial(look, paths=paths), "path STRING")
    try:
        return sorted({row["path"] for row in tasks.collect()})
    except Exception as error:
        if "No module named 'lakehouse'" not in str(error):
            raise
        raise RefusedError(
            f"Executors of {master} lack the program: pass --py-files dist/shopcast.zip, which "
            f"'make dist' writes, or give the executors the driver's image; {GUIDE} says more."
        ) from error


def look(batches: Iterable[pa.RecordBatch], paths: list[str]) -> Iterator[pa.RecordBatch]:
    """Return the paths that do not exist where this runs: in an executor."""
    list(batches)
    missing = [path for path in paths if not Path(path).exists()]
    yield pa.record_batch([pa.array(missing, pa.string())], ["path"])
