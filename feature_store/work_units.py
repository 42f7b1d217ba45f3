"""Work units of a build: pieces by month and by bucket of keys that fit into a worker's memory."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import islice

from features.group import ITEM, FeatureGroup
from features.groups import ITEM_GROUP
from features.tables import features_table, monthly_table
from lakehouse.buckets import Bucket, count_for
from lakehouse.delta import listing, log
from lakehouse.delta.months import drop_months
from lakehouse.delta.parts import Part
from lakehouse.delta.work import Piece
from lakehouse.lake import Lake
from lakehouse.month_range import MonthRange
from lakehouse.table import Table
from lakehouse.tables.silver import DAILY_OFFERS, DAILY_SALES, ITEMS, SHOPS

ITEM_CELLS = monthly_table(ITEM_GROUP)
# A task holds a bucket's rows as Arrow tables and as arrays of series over all months: about
# 250 MB at this size. Smaller buckets only make more files.
ROWS_PER_BUCKET = 500_000
# A pair cell has about two sales. Every bucket is a file in every month.
SALES_PER_BUCKET = 2 * ROWS_PER_BUCKET
# Sales take less memory than series, because they are only summed.
ROWS_PER_MONTH = 4_000_000


def item_buckets(lake: Lake) -> int:
    """Return the number of item buckets, and so of files, into which a month's cells are written.

    The number grows with the rows of silver.daily_sales.
    """
    return count_for(log.row_count(lake, DAILY_SALES), SALES_PER_BUCKET)


def pair_pieces(lake: Lake, months: Sequence[date], buckets: int) -> Iterator[Piece]:
    """Split the aggregation of sales into pieces: a month, or a bucket of items of a large month.

    Args:
        lake: the lake that has the sales.
        months: the months whose cells are wanted.
        buckets: most buckets of a month.
    """
    tables = (DAILY_SALES, DAILY_OFFERS)
    files = {table.path: month_files(lake, table) for table in tables}
    sizes = [listing.month_rows(lake, table) for table in tables]
    shops = {SHOPS.path: log.all_files(lake, SHOPS)}
    for month in months:
        rows = sum(size.get(month, 0) for size in sizes)
        count = min(buckets, count_for(rows, ROWS_PER_MONTH))
        of_month = {path: found.get(month, []) for path, found in files.items()}
        for number in range(count):
            piece = {"month": month, "bucket": (number, count), "files": {**of_month, **shops}}
            yield Piece(piece, rows)


def group_pieces(
    lake: Lake, pair: FeatureGroup, months: Iterable[date], parts: Sequence[Part]
) -> Iterator[Piece]:
    """Split the aggregation of pair cells to other groups into pieces, one per month.

    Args:
        lake: the lake that has the catalogue.
        pair: the group of pairs.
        months: the months whose cells are wanted.
        parts: files with the pair cells, committed or not.
    """
    catalogue = {table.path: log.all_files(lake, table) for table in (SHOPS, ITEMS)}
    path = monthly_table(pair).path
    for month in months:
        mine = [part for part in parts if part.month == month and part.table == path]
        files = {path: [part.path for part in mine], **catalogue}
        yield Piece({"month": month, "files": files}, sum(part.rows for part in mine))


def aged_pieces(
    lake: Lake, history: MonthRange, months: Sequence[date], below: FeatureGroup
) -> Iterator[Piece]:
    """Split the aggregation of cells by item age into pieces of as many months as fit into a task.

    Args:
        lake: the lake that has the cells.
        history: the lake's months; item cells up to a month give the items' ages in that month.
        months: the months whose cells are wanted, in order.
        below: the group whose stored cells are aggregated.
    """
    items, cells = (month_files(lake, table) for table in (ITEM_CELLS, monthly_table(below)))
    sizes = listing.month_rows(lake, monthly_table(below))
    catalogue = {table.path: log.all_files(lake, table) for table in (SHOPS, ITEMS)}
    total = sum(sizes.get(month, 0) for month in months)
    for mine in batched(months, -(-len(months) // count_for(total, ROWS_PER_BUCKET))):
        piece = {
            "items": {f"{m}": items.get(m, []) for m in history if m <= mine[-1]},
            "cells": {f"{m}": cells.get(m, []) for m in mine},
            "files": catalogue,
        }
        yield Piece(piece, sum(sizes.get(month, 0) for month in mine))


def feature_pieces(
    lake: Lake,
    group: FeatureGroup,
    months: Sequence[date],
    opening: date | None,
    history: MonthRange,
    buckets: int | None = None,
) -> Iterator[Piece]:
    """Split the computation of features into pieces, one per bucket of keys.

    Args:
        lake: the lake that has the cells.
        group: the group whose features are computed.
        months: target months, in order.
        opening: month whose features replace all earlier cells; None: all cells are read.
        history: the lake's months.
        buckets: number of buckets of keys; None: as many as the rows need.
    """
    first = opening or history.first
    read = {
        m: files
        for m, files in month_files(lake, monthly_table(group)).items()
        if first <= m < months[-1] and m in history
    }
    sizes = listing.month_rows(lake, monthly_table(group))
    rows = sum(sizes[m] for m in read)
    known: list[str] = []
    if opening is not None:
        known = month_files(lake, features_table(group)).get(opening, [])
        rows += listing.month_rows(lake, features_table(group)).get(opening, 0)
    count = buckets or count_for(rows, ROWS_PER_BUCKET)
    for number in range(count):
        bucket = Bucket(number, count)
        is_by_item = group.keys[-1] == ITEM
        mine = bucket.files if is_by_item else list
        piece = {
            "group": group.name,
            "bucket": (number, count),
            "months": list(months),
            "cells": {f"{month}": mine(files) for month, files in read.items()},
            "opening": None if opening is None else (opening, mine(known)),
        }
        yield Piece(piece, rows // count)


def month_files(lake: Lake, table: Table) -> dict[date, list[str]]:
    """List the files of each month of a table; empty if the table does not exist yet."""
    return listing.month_files(lake, table) if log.exists(lake, table) else {}


def stored_months(lake: Lake, table: Table) -> listing.Months:
    """Return the files and states of each month of a table; empty if the table does not exist."""
    return listing.list_months(lake, table) if log.exists(lake, table) else listing.Months({}, {})


def month_states(lake: Lake, table: Table) -> dict[date, str]:
    """Return the state of each month of a table; empty if the table does not exist yet."""
    return listing.month_digests(lake, table) if log.exists(lake, table) else {}


def drop_other_months(
    lake: Lake, groups: Iterable[FeatureGroup], history: MonthRange, targets: MonthRange
) -> None:
    """Delete the cells and features of months that the lake no longer has.

    Args:
        lake: the lake that has the tables.
        groups: every group.
        history: the lake's months, which have cells.
        targets: the target months, which have features.
    """
    for group in groups:
        drop_months(lake, monthly_table(group), history)
        drop_months(lake, features_table(group), targets)


def batched(months: Sequence[date], size: int) -> Iterator[list[date]]:
    """Split months into consecutive lists of ``size`` months; the last may be shorter."""
    left = iter(months)
    while mine := list(islice(left, size)):
        yield mine
