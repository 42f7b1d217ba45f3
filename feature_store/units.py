"""Units of work of the feature store: what each task receives."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

from feature_store.stored_rows import Files
from lakehouse.buckets import EVERY, Bucket
from lakehouse.delta.work import WorkUnit

# Month → files of the month.
MonthFiles: TypeAlias = Mapping[date, Sequence[str]]


@dataclass(frozen=True, kw_only=True)
class MonthUnit(WorkUnit):
    """A month, or one bucket of the month's items.

    Attributes:
        month: first day of the month.
        files: table path → files of the month; all files of a table without months.
        bucket: the bucket of items.
    """

    month: date
    files: Files
    bucket: Bucket = EVERY


@dataclass(frozen=True, kw_only=True)
class PanelUnit(MonthUnit):
    """A target month of a panel, or one bucket of the month's items.

    Attributes:
        is_closed: whether the month's sales are complete, so that the rows have a target.
    """

    is_closed: bool


@dataclass(frozen=True, kw_only=True)
class AgedUnit(WorkUnit):
    """Months whose cells are aggregated by item age.

    Attributes:
        cells: files of the cells to aggregate.
        items: files of item cells, from the lake's first month to the last month in ``cells``, for
            the dates of first sales.
        files: table path → files of the catalogue.
    """

    cells: MonthFiles
    items: MonthFiles
    files: Files


@dataclass(frozen=True, kw_only=True)
class FeaturesUnit(WorkUnit):
    """Target months of one bucket of a group's keys.

    Attributes:
        group: name of the group.
        bucket: the bucket of keys.
        months: target months, in order.
        cells: files of the group's cells.
        opening: month whose features replace all earlier cells; None: all cells are read.
        opening_files: files of the features of that month.
    """

    group: str
    bucket: Bucket
    months: tuple[date, ...]
    cells: MonthFiles
    opening: date | None = None
    opening_files: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class ComparisonUnit(WorkUnit):
    """One bucket of a group's keys, whose stored rows a skew check compares with a rebuild.

    Attributes:
        group: name of the group.
        bucket: the bucket of keys.
        cells: files of the stored cells to compare.
        features: files of the stored features to compare.
    """

    group: str
    bucket: Bucket
    cells: MonthFiles
    features: MonthFiles
