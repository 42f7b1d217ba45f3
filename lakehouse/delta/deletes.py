"""Deletes of rows by key through delta-rs and Arrow; never imports Spark."""

from datetime import date

import pyarrow as pa
import pyarrow.compute as pc
from deltalake.exceptions import CommitFailedError

from lakehouse.delta import log
from lakehouse.delta.arrow import months_of, read_batches
from lakehouse.delta.states import rows_changed
from lakehouse.delta.upserts import ATTEMPTS
from lakehouse.faults import reach
from lakehouse.lake import Lake
from lakehouse.table import Table


def delete_rows(
    lake: Lake, table: Table, keys: pa.Table, transaction: log.Named | None = None
) -> None:
    """Delete rows by key in one commit, ignoring keys that are not stored.

    Args:
        lake: the lake that has the table.
        table: the table to delete from.
        keys: the table's key columns at least; few enough for the driver's memory.
        transaction: name and number that the commit records, for ``log.has_transaction``; None:
            no name.

    Raises:
        CommitFailedError: other writers came first at every attempt.
    """
    match = " AND ".join(f'stored."{name}" = gone."{name}"' for name in table.key)
    fields = [table.schema.field(name) for name in table.key]
    gone = keys.select(list(table.key)).cast(pa.schema(fields))
    for attempt in range(ATTEMPTS):
        target = log.load(lake, table)
        stored_in = months_with(lake, table, gone)
        merger = target.merge(
            gone,
            match,
            source_alias="gone",
            target_alias="stored",
            commit_properties=log.named_transaction(transaction, rows_changed(table, stored_in)),
        )
        reach(f"before {table.path}")
        try:
            merger.when_matched_delete().execute()
        except CommitFailedError:
            if attempt + 1 == ATTEMPTS:
                raise
        else:
            break
    reach(f"after {table.path}")


def months_with(lake: Lake, table: Table, keys: pa.Table) -> set[date]:
    """Return the months with stored rows of some keys, matching the key's first column only."""
    if "month" not in table.partition_by:
        return set()
    key = table.key[0]
    asked = keys[key].combine_chunks()
    batches = read_batches(lake, table, [key, "month"], [])
    return {m for batch in batches for m in months_of(batch.filter(pc.is_in(batch[key], asked)))}
