"""Change data feed: the rows that commits inserted or updated between two versions of a table."""

from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from lakehouse.delta import log
from lakehouse.lake import Lake
from lakehouse.table import Table
from lakehouse.types import TEXT

KIND = "_change_type"
NEW = pa.array(["insert", "update_postimage"], TEXT)


class FeedGapError(Exception):
    """The log or the change data feed no longer reaches back to a requested version."""


def read_new_rows(
    lake: Lake, table: Table, after: int, until: int, columns: Sequence[str]
) -> Iterator[pa.Table]:
    """Read the rows that commits inserted or updated, in batches, as each commit wrote them.

    Compaction changes no rows and so adds none.

    Args:
        lake: the lake that has the table.
        table: a table with a change data feed.
        after: the version before the first commit to read.
        until: the version of the last commit to read.
        columns: names of the columns to read.

    Raises:
        FeedGapError: the feed does not have all changes; read the whole table instead.
    """
    fields = [table.schema.field(name) for name in columns]
    texts = pa.schema([*(pa.field(field.name, field.type) for field in fields), (KIND, TEXT)])
    for batch in read_feed(log.load(lake, table), after + 1, until, texts.names):
        # delta-rs returns texts as string views, which few Arrow kernels accept.
        rows = pa.Table.from_batches([batch]).select(texts.names).cast(texts)
        yield rows.filter(pc.is_in(rows[KIND], NEW)).drop_columns(KIND)


def read_feed(
    opened: DeltaTable, first: int, last: int, columns: list[str]
) -> Iterator[pa.RecordBatch]:
    """Read a table's change data feed from a first to a last version, both included.

    Raises:
        FeedGapError: the log or a file of the feed is missing.
    """
    try:
        yield from pa.RecordBatchReader.from_stream(opened.load_cdf(first, last, columns=columns))
    except (DeltaError, OSError, pa.ArrowException) as error:
        raise FeedGapError(f"{opened.table_uri}, version {first}: {error}") from error
