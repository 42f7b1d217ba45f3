"""compute: the only code that turns monthly cells into features."""

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

    Build, single months, stream and scoring all call this function or ``compute_in_parts``; they
    differ in the cells and months that they pass. Cells outside the history are left out.

    Args:
        cells: ``[*keys, month, *measures]``, unique; complete for the keys that are in it. A
            history that does not begin with the lake needs opening rows: the group's opening
            columns as they are in features of its first month, ``month`` being null.
        history: the months that cells are given for; before it nothing is known but the opening,
            and lags into it are null.
        months: target months, each at most the month after the history's last.
        group: what to compute.

    Yields:
        For each target month ``[*keys, month, *group.columns]``: the keys of the cells that had a
        sale before that month, in no stated order. A month without sales counts as zero.
    """
    yield from of_months(Series.of(cells, history, group), months)


def compute_in_parts(
    cells: pa.Table, history: MonthRange, months: Iterable[date], group: FeatureGroup
) -> Iterator[pa.Table]:
    """Compute a group's features for target months, a part of many keys after the other.

    Memory holds the cells and the arrays of one part, however many keys and months there are.

    Args:
        cells: as ``compute`` takes them.
        history: as ``compute`` takes it.
        months: as ``compute`` takes them, in order.
        group: what to compute.

    Yields:
        The tables of ``compute`` for one part of the keys, then for the next.
    """
    targets = list(months)
    for part in Series.of(cells, history, group).parts():
        yield from of_months(part, targets)


def of_months(series: Series, months: Iterable[date]) -> Iterator[pa.Table]:
    """Compute the features of series for target months, laying out arrays for runs of them."""
    window = None
    for month in months:
        target = month_number(month) - series.start
        if window is None or not window.serves(target, series.group.lookback):
            window = None  # Its arrays go before others come.
            window = series.window(target)
        yield features_of(series, window, month)


def features_of(series: Series, window: Window, month: date) -> pa.Table:
    """Compute the rows of one target month from arrays that hold the months before it."""
    target = month_number(month) - series.start - window.first
    known = np.flatnonzero(window.sold.month < target)
    group = series.group
    columns = [series.keys[name].take(pa.array(known)) for name in group.keys]
    columns.append(pa.repeat(pa.scalar(month, pa.date32()), len(known)))
    for feature in group.features:
        where = None if feature.where is None else window.measures[feature.where]
        past = Past(window.measures[feature.measure], window.sold, target, where)
        columns.append(feature_column(past, feature, group, known))
    return pa.table(columns, names=[*group.keys, "month", *group.columns])


def feature_column(
    past: Past, feature: Feature, group: FeatureGroup, known: npt.NDArray[np.intp]
) -> pa.Array:
    """Compute a feature of those series that are known."""
    numbers = feature.statistic.kernel(past, feature.lookback or 0)[known]
    if feature.statistic.is_bounded:
        numbers = numbers / group.measure(feature.measure).scale
    return pa.array(numbers.astype(np.float32), FEATURE, from_pandas=True)
