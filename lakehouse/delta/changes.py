"""Changes of a table between two versions, as its change data feed tells them."""

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
    """The log, or a file of the change data feed, does not go back to the version asked for."""


def read_new_rows(
    lake: Lake, table: Table, after: int, until: int, columns: Sequence[str]
) -> Iterator[pa.Table]:
    """Read the rows that commits inserted or altered, as they were then, piece by piece.

    Compaction alters none, whatever files it writes.

    Args:
        lake: where the table is.
        table: with a change data feed.
        after: the version before the first commit.
        until: the last version.
        columns: what is wanted.

    Raises:
        FeedGapError: not all changes are told; read the table instead.
    """
    fields = [table.schema.field(name) for name in columns]
    texts = pa.schema([*(pa.field(field.name, field.type) for field in fields), (KIND, TEXT)])
    for batch in read_feed(log.load(lake, table), after + 1, until, texts.names):
        # delta-rs tells texts as views, which few kernels take.
        rows = pa.Table.from_batches([batch]).select(texts.names).cast(texts)
        yield rows.filter(pc.is_in(rows[KIND], NEW)).drop_columns(KIND)


def read_feed(
    opened: DeltaTable, first: int, last: int, columns: list[str]
) -> Iterator[pa.RecordBatch]:
    """Read the change data feed from one version to another."""
    try:
        yield from pa.RecordBatchReader.from_stream(opened.load_cdf(first, last, columns=columns))
    except (DeltaError, OSError, pa.ArrowException) as error:
        raise FeedGapError(f"{opened.table_uri}, version {first}: {error}") from error
