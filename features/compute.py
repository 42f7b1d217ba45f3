"""Feature computation: the only code that turns monthly cells into features."""

from collections.abc import Iterable, Iterator
from datetime import date

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from features.group import Feature, FeatureGroup
from features.series import Series, Window
from features.statistic import Past
from lakehouse.month_range import MonthRange, month_number
from lakehouse.types import FEATURE


def compute(
    cells: pa.Table, history: MonthRange, months: Iterable[date], group: FeatureGroup
) -> Iterator[pa.Table]:
    """Compute a group's features for target months.

    Every caller passes its own cells and months to this function or to ``compute_in_parts``, so
    that all features come from the same code. Cells outside the history are ignored.

    Args:
        cells: ``[*keys, month, *measures]``, unique on keys and month; all months of the history
            for each key present. If the history begins after the lake's first month, ``cells``
            must also hold opening rows: the group's opening columns, read from the features of
            the history's first month, with ``month`` null.
        history: the months that ``cells`` covers; lags before the first month are null.
        months: target months, each at most the month after the last month of the history.
        group: the group whose features are computed.

    Yields:
        For each target month ``[*keys, month, *group.columns]``: the keys that had a sale before
        that month, in no stated order. A month without sales counts as zero; null: not known.
    """
    yield from of_months(Series.of(cells, history, group), months)


def compute_in_parts(
    cells: pa.Table, history: MonthRange, months: Iterable[date], group: FeatureGroup
) -> Iterator[pa.Table]:
    """Compute a group's features for target months, one part of the keys after another.

    Memory holds all the cells, but the arrays of only one part of the keys at a time.

    Args:
        cells: monthly cells and opening rows, as for ``compute``.
        history: the months that ``cells`` covers, as for ``compute``.
        months: target months, as for ``compute``, in order.
        group: the group whose features are computed.

    Yields:
        The tables of ``compute``: all target months of the first part of the keys, then all
        target months of the next part.
    """
    targets = list(months)
    for part in Series.of(cells, history, group).parts():
        yield from of_months(part, targets)


def of_months(series: Series, months: Iterable[date]) -> Iterator[pa.Table]:
    """Compute the features of series for target months, sharing arrays between nearby months."""
    window = None
    for month in months:
        target = month_number(month) - series.start
        if window is None or not window.serves(target, series.group.lookback):
            window = None  # Free the old arrays before allocating new ones.
            window = series.window(target)
        yield features_of(series, window, month)


def features_of(series: Series, window: Window, month: date) -> pa.Table:
    """Compute the feature rows of one target month from arrays of the months before that month."""
    target = month_number(month) - series.start - window.first
    sold = np.flatnonzero(window.sold.month < target)
    group = series.group
    columns = [series.keys[name].take(pa.array(sold)) for name in group.keys]
    columns.append(pa.repeat(pa.scalar(month, pa.date32()), len(sold)))
    for feature in group.features:
        where = None if feature.where is None else window.measures[feature.where]
        past = Past(window.measures[feature.measure], window.sold, target, where)
        columns.append(feature_column(past, feature, group, sold))
    return pa.table(columns, names=[*group.keys, "month", *group.columns])


def feature_column(
    past: Past, feature: Feature, group: FeatureGroup, sold: npt.NDArray[np.intp]
) -> pa.Array:
    """Compute one feature column.

    Args:
        past: the months of the feature's measure before the target month.
        feature: the feature to compute.
        group: the group that declares the feature.
        sold: positions of the series that had a sale before the target month.

    Returns:
        float32, one value per known series; null: not known.
    """
    numbers = feature.statistic.kernel(past, feature.lookback or 0)[sold]
    if feature.statistic.is_bounded:
        numbers = numbers / group.measure(feature.measure).scale
    return pa.array(numbers.astype(np.float32), FEATURE, from_pandas=True)
