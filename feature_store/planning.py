"""Division of a build's work into units, by month and by bucket of keys, that fit into a worker."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from feature_store.stored_months import month_files
from feature_store.units import AgedUnit, FeaturesUnit, MonthFiles, MonthUnit
from features.group import ITEM, FeatureGroup
from features.tables import ITEM_CELLS, features_table, monthly_table
from lakehouse.buckets import Bucket, count_for
from lakehouse.delta import listing, log
from lakehouse.delta.parts import DataFile
from lakehouse.lake import Lake
from lakehouse.month_range import MonthRange
from lakehouse.tables.silver import DAILY_OFFERS, DAILY_SALES, ITEMS, SHOPS

# A task holds a bucket's rows as Arrow tables and as arrays of series over all months: about
# 250 MB at this size. Smaller buckets only make more files.
ROWS_PER_BUCKET = 500_000
# A pair cell has about two sales. Every bucket is a file in every month.
SALES_PER_BUCKET = 2 * ROWS_PER_BUCKET
# Sales take less memory than series, because they are only summed.
ROWS_PER_MONTH = 4_000_000


@dataclass(frozen=True)
class FeatureSpan:
    """The target months for which features of a group are computed.

    Attributes:
        group: the group.
        months: target months, in order.
        history: the lake's months.
        opening: month whose stored features replace all earlier cells; None: all cells are read.
    """

    group: FeatureGroup
    months: tuple[date, ...]
    history: MonthRange
    opening: date | None = None

    def reads(self, month: date) -> bool:
        """Return whether the cells of a month are read."""
        first = self.opening or self.history.first
        return first <= month < self.months[-1] and month in self.history


def item_buckets(lake: Lake) -> int:
    """Return the number of item buckets, and so of files, into which a month's cells are written.

    The number grows with the rows of silver.daily_sales.
    """
    return count_for(log.row_count(lake, DAILY_SALES), SALES_PER_BUCKET)


def catalogue_files(lake: Lake) -> dict[str, list[str]]:
    """List the files of silver.shops and silver.items, by table path."""
    return {table.path: log.all_files(lake, table) for table in (SHOPS, ITEMS)}


def pair_units(lake: Lake, months: Sequence[date], buckets: int) -> Iterator[MonthUnit]:
    """Divide the aggregation of sales into units: a month, or a bucket of items of a large month.

    Args:
        lake: the lake that has the sales.
        months: the months whose cells are wanted.
        buckets: most buckets of a month.
    """
    tables = (DAILY_SALES, DAILY_OFFERS)
    files = {table.path: month_files(lake, table) for table in tables}
    sizes = [listing.month_rows(lake, table) for table in tables]
    catalogue = catalogue_files(lake)
    for month in months:
        rows = sum(size.get(month, 0) for size in sizes)
        count = min(buckets, count_for(rows, ROWS_PER_MONTH))
        of_month = {path: by_month.get(month, []) for path, by_month in files.items()} | catalogue
        for number in range(count):
            yield MonthUnit(month=month, files=of_month, bucket=Bucket(number, count), rows=rows)


def group_units(
    lake: Lake, pair: FeatureGroup, months: Iterable[date], parts: Sequence[DataFile]
) -> Iterator[MonthUnit]:
    """Divide the aggregation of pair cells to other groups into units, one per month.

    Args:
        lake: the lake that has the catalogue.
        pair: the group of pairs.
        months: the months whose cells are wanted.
        parts: files with the pair cells, committed or not.
    """
    catalogue, path = catalogue_files(lake), monthly_table(pair).path
    for month in months:
        pairs = [part for part in parts if part.month == month and part.table == path]
        files = {path: [part.path for part in pairs], **catalogue}
        yield MonthUnit(month=month, files=files, rows=sum(part.rows for part in pairs))


def aged_units(
    lake: Lake, history: MonthRange, months: Sequence[date], below: FeatureGroup
) -> Iterator[AgedUnit]:
    """Divide the aggregation of cells by item age into units of as many months as fit into a task.

    Args:
        lake: the lake that has the cells.
        history: the lake's months; item cells up to a month give the items' ages in that month.
        months: the months whose cells are wanted, in order.
        below: the group whose stored cells are aggregated.
    """
    items, cells = (month_files(lake, table) for table in (ITEM_CELLS, monthly_table(below)))
    sizes = listing.month_rows(lake, monthly_table(below))
    total = sum(sizes.get(month, 0) for month in months)
    size = max(1, -(-len(months) // count_for(total, ROWS_PER_BUCKET)))
    for start in range(0, len(months), size):
        some = months[start : start + size]
        yield AgedUnit(
            cells={month: cells.get(month, []) for month in some},
            items={month: items.get(month, []) for month in history if month <= some[-1]},
            files=catalogue_files(lake),
            rows=sum(sizes.get(month, 0) for month in some),
        )


def feature_units(
    lake: Lake, span: FeatureSpan, buckets: int | None = None
) -> Iterator[FeaturesUnit]:
    """Divide the computation of features into units, one per bucket of keys.

    Args:
        lake: the lake that has the cells.
        span: the group and its target months.
        buckets: number of buckets of keys; None: as many as the rows need.
    """
    cells, features = monthly_table(span.group), features_table(span.group)
    read = {m: files for m, files in month_files(lake, cells).items() if span.reads(m)}
    sizes = listing.month_rows(lake, cells)
    rows = sum(sizes[month] for month in read)
    opening_files: list[str] = []
    if span.opening is not None:
        opening_files = month_files(lake, features).get(span.opening, [])
        rows += listing.month_rows(lake, features).get(span.opening, 0)
    count = buckets or count_for(rows, ROWS_PER_BUCKET)
    for bucket in (Bucket(number, count) for number in range(count)):
        # Files are labelled by buckets of items.
        may_hold = bucket.files if span.group.keys[-1] == ITEM else list
        yield FeaturesUnit(
            group=span.group.name,
            bucket=bucket,
            months=span.months,
            cells={month: may_hold(files) for month, files in read.items()},
            opening=span.opening,
            opening_files=may_hold(opening_files),
            rows=rows // count,
        )


def only(files: MonthFiles, months: Iterable[date]) -> MonthFiles:
    """Select the files of some months; a month without files gets an empty list."""
    return {month: files.get(month, []) for month in months}
