"""Index of sales by month (silver.sale_months): ``sale_id`` → months that may store the sale.

A record may state the ``sale_id`` of a sale of any month, and a cancel may have no other field.
Without the index, each such record would need a search through the ids of all sales. Each lookup
first updates the index from the change data feed of silver.daily_sales, whichever process wrote
the sales. An entry may be outdated: a sale that moved, or that shares its fingerprint with another
sale, costs the search of one more month. A lake whose sales cannot move has no index.
"""

from collections.abc import Iterable, Iterator
from datetime import date

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from lakehouse.delta import creation, log
from lakehouse.delta.arrow import dataset
from lakehouse.delta.changes import FeedGapError, read_new_rows
from lakehouse.delta.run_files import look_up
from lakehouse.delta.sorted_runs import commit_runs, write_run
from lakehouse.lake import Lake
from lakehouse.tables.silver import DAILY_SALES, SALE_MONTHS

COLUMNS = ("sale_id", "month")
# Number of ids hashed at once; hashing takes 24 bytes of memory per byte of an id.
IDS_AT_ONCE = 1 << 14
# Number of distinct byte weights; longer ids use them again from the start.
LONGEST = 256
MIX = np.uint64(0x9E3779B97F4A7C15)
WEIGHTS = np.random.default_rng(20150301).integers(1, 1 << 63, LONGEST, np.uint64) << np.uint64(1)


def find_months(lake: Lake, ids: pa.ChunkedArray) -> set[date | None]:
    """Return the months that may store versions of sales; None stands for a null month.

    Args:
        lake: the lake that has the tables.
        ids: values of ``sale_id``, not null.
    """
    if not log.exists(lake, DAILY_SALES):
        return set()
    update(lake)
    wanted = np.unique(np.concatenate([fingerprints(chunk) for chunk in ids.chunks]))
    entries_by_file = look_up(lake, SALE_MONTHS, wanted)
    return {month for rows in entries_by_file for month in pc.unique(rows["month"]).to_pylist()}


def update(lake: Lake) -> None:
    """Add the rows written to silver.daily_sales since the last update to the index."""
    creation.create_table(lake, SALE_MONTHS)
    now = log.version(lake, DAILY_SALES)
    name = f"covers {log.table_id(lake, DAILY_SALES)}"
    covered = log.transaction_number(lake, SALE_MONTHS, name)
    if covered == now:
        return
    done = log.Named(name, now)
    if covered is not None and covered < now:
        try:
            return write_entries(
                lake, read_new_rows(lake, DAILY_SALES, covered, now, COLUMNS), done
            )
        except FeedGapError:
            pass
    write_entries(lake, each_file(lake), done, is_whole=True)


def each_file(lake: Lake) -> Iterator[pa.Table]:
    """Read ``[sale_id, month]`` of all sales file by file; read-ahead would hold many files."""
    for file in dataset(lake, DAILY_SALES).get_fragments():
        for batch in file.to_batches(schema=DAILY_SALES.schema, columns=list(COLUMNS)):
            yield pa.Table.from_batches([batch])


def write_entries(
    lake: Lake, sales: Iterable[pa.Table], done: log.Named, *, is_whole: bool = False
) -> None:
    """Write the entries of sales into silver.sale_months in one commit."""
    runs = write_run(lake, SALE_MONTHS, map(entries, sales))
    commit_runs(lake, SALE_MONTHS, runs, done, is_whole=is_whole)


def entries(sales: pa.Table) -> pa.Table:
    """Turn sales into rows of silver.sale_months: fingerprint and month.

    Args:
        sales: ``[sale_id, month]``.
    """
    ids = [pa.array(fingerprints(chunk)) for chunk in sales["sale_id"].chunks]
    numbers = pa.chunked_array(ids, pa.int64())
    return pa.table([numbers, sales["month"]], list(SALE_MONTHS.names))


def fingerprints(ids: pa.Array) -> npt.NDArray[np.int64]:
    """Compute the fingerprint of each id: 64 bits, the same in every process.

    Args:
        ids: texts, not null.
    """
    starts = range(0, len(ids), IDS_AT_ONCE)
    parts = [hashed(ids.slice(start, IDS_AT_ONCE)) for start in starts]
    return np.concatenate([np.zeros(0, np.int64), *parts])


def hashed(ids: pa.Array) -> npt.NDArray[np.int64]:
    """Sum the bytes of each id, weighted by position, and mix the bits of the sum."""
    _, offset_buffer, data = ids.cast(pa.string()).buffers()
    offsets = np.frombuffer(offset_buffer, np.int32)[ids.offset : ids.offset + len(ids) + 1]
    raw = np.frombuffer(data or b"", np.uint8)[offsets[0] : offsets[-1]].astype(np.uint64)
    begins, lengths = offsets[:-1] - offsets[0], np.diff(offsets)
    places = np.arange(len(raw)) - np.repeat(begins, lengths)
    weighted = (raw + np.uint64(1)) * (WEIGHTS[places % LONGEST] | np.uint64(1))
    sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(weighted, dtype=np.uint64)])
    numbers = sums[begins + lengths] - sums[begins]
    for _ in range(2):
        numbers = (numbers ^ (numbers >> np.uint64(32))) * MIX
    mixed: npt.NDArray[np.int64] = (numbers ^ (numbers >> np.uint64(29))).view(np.int64)
    return mixed
