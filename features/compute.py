"""compute: the only code that turns monthly cells into features."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from features.encoding import encode, integers
from features.group import PRESENCE, SOLD_SHARE, Feature, FeatureGroup
from features.statistic import AGE, NEVER, History, Past, Start, Whole
from lakehouse.month_range import MonthRange, month_number, month_numbers
from lakehouse.types import FEATURE


def compute(
    cells: pa.Table, history: MonthRange, months: Iterable[date], group: FeatureGroup
) -> Iterator[pa.Table]:
    """Compute a group's features for target months.

    Build, single months, stream and scoring all call this function; they differ in the cells and
    months that they pass. Cells outside the history are left out.

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
    series = Series.of(cells, history, group)
    for month in months:
        yield series.features(month)


@dataclass(frozen=True)
class Series:
    """The histories of many keys.

    Attributes:
        group: whose measures they are.
        start: number of the month that the histories begin with.
        keys: the key columns, a row per series.
        measures: measure → its history.
        sold: when the first sale of each series was.
    """

    group: FeatureGroup
    start: int
    keys: pa.Table
    measures: dict[str, History]
    sold: Start

    @classmethod
    def of(cls, rows: pa.Table, history: MonthRange, group: FeatureGroup) -> "Series":
        """Lay sparse cells out as arrays."""
        codes, keys = encode(rows.select(group.keys))
        is_opening = rows["month"].is_null().to_numpy()
        opening = Opening.of(rows.filter(pa.array(is_opening)), codes[is_opening], len(keys), group)
        cells, codes = rows.filter(pa.array(~is_opening)), codes[~is_opening]
        numbers = month_numbers(cells["month"]) - history.start
        inside = (numbers >= 0) & (numbers < len(history))
        cells, codes, numbers = cells.filter(pa.array(inside)), codes[inside], numbers[inside]
        measures = {}
        for name in group.measures_read:
            values = np.zeros((len(history), len(keys)), np.int64)
            values[numbers, codes] = integers(cells[name])
            measures[name] = History(values, opening.latest.get(name))
        sold = opening.start_or(measures[PRESENCE].first, measures[SOLD_SHARE].values)
        return cls(group, history.start, keys, measures, sold)

    def features(self, month: date) -> pa.Table:
        """Compute the rows of one target month."""
        target = month_number(month) - self.start
        known = np.flatnonzero(self.sold.month < target)
        columns = [self.keys[name].take(pa.array(known)) for name in self.group.keys]
        columns.append(pa.repeat(pa.scalar(month, pa.date32()), len(known)))
        columns.extend(self._column(feature, target, known) for feature in self.group.features)
        return pa.table(columns, names=[*self.group.keys, "month", *self.group.columns])

    def _column(self, feature: Feature, target: int, known: npt.NDArray[np.intp]) -> pa.Array:
        past = Past(self.measures[feature.measure], self.sold, target)
        numbers = feature.statistic.kernel(past, feature.lookback or 0)[known]
        if feature.statistic.is_bounded:
            numbers = numbers / self.group.measure(feature.measure).scale
        return pa.array(numbers.astype(np.float32), FEATURE, from_pandas=True)


@dataclass(frozen=True)
class Opening:
    """What is known of series before their first array row.

    Attributes:
        sold: when their first sale was, as a negative index; far ahead: not known.
        latest: measure → ``[series]``, the last month that is not 0, or ``NEVER``.
    """

    sold: Start
    latest: dict[str, Whole]

    @classmethod
    def of(cls, rows: pa.Table, codes: Whole, count: int, group: FeatureGroup) -> "Opening":
        """Read opening rows, features of the first month."""
        sold = Start(np.full(count, -NEVER, np.int64), np.zeros(count, np.int64))
        latest = {}
        for feature in group.opening if len(rows) else ():
            months = rows[group.column(feature)].to_numpy().astype(np.float64)
            if feature.statistic == AGE:  # not "is": a worker has its own copy
                found = Start.of_ages(months)
                sold.month[codes], sold.share[codes] = found.month, found.share
            else:
                latest[feature.measure] = np.full(count, NEVER, np.int64)
                latest[feature.measure][codes] = np.where(np.isnan(months), NEVER, -months)
        return cls(sold, latest)

    def start_or(self, first: Whole, shares: Whole) -> Start:
        """Return when the first sale was, of series not known before by their cells.

        Args:
            first: ``[series]``, the first month with a sale by the cells.
            shares: ``[month, series]``, the share of each month from its first sale on.
        """
        last = max(len(shares) - 1, 0)
        found = shares[np.minimum(first, last), np.arange(len(first))] if len(shares) else first
        is_known = self.sold.month < 0
        return Start(
            np.where(is_known, self.sold.month, first),
            np.where(is_known, self.sold.share, found),
        )
