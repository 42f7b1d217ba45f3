"""compute: the only code that turns monthly cells into features."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from features.encoding import encode, integers
from features.group import PRESENCE, Feature, FeatureGroup
from features.statistic import History, Past, Whole
from lakehouse.month_range import MonthRange, month_number, month_numbers
from lakehouse.types import FEATURE


def compute(
    cells: pa.Table, history: MonthRange, months: Iterable[date], group: FeatureGroup
) -> Iterator[pa.Table]:
    """Compute a group's features for target months.

    Build, single months, stream and scoring all call this function; they differ in the cells and
    months that they pass. Cells outside the history are left out.

    Args:
        cells: ``[*keys, month, *measures]``, unique; complete for the keys that are in it.
        history: the lake's months; before it nothing is known, and lags into it are null.
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
        first: ``[series]``, the index of the first month with a sale.
    """

    group: FeatureGroup
    start: int
    keys: pa.Table
    measures: dict[str, History]
    first: Whole

    @classmethod
    def of(cls, cells: pa.Table, history: MonthRange, group: FeatureGroup) -> "Series":
        """Lay sparse cells out as arrays."""
        numbers = month_numbers(cells["month"]) - history.start
        inside = (numbers >= 0) & (numbers < len(history))
        cells, numbers = cells.filter(pa.array(inside)), numbers[inside]
        codes, keys = encode(cells.select(group.keys))
        used = {feature.measure for feature in group.features} | {PRESENCE}
        measures = {}
        for name in used:
            values = np.zeros((len(history), len(keys)), np.int64)
            values[numbers, codes] = integers(cells[name])
            measures[name] = History(values)
        return cls(group, history.start, keys, measures, measures[PRESENCE].first)

    def features(self, month: date) -> pa.Table:
        """Compute the rows of one target month."""
        target = month_number(month) - self.start
        known = np.flatnonzero(self.first < target)
        columns = [self.keys[name].take(pa.array(known)) for name in self.group.keys]
        columns.append(pa.repeat(pa.scalar(month, pa.date32()), len(known)))
        columns.extend(self._column(feature, target, known) for feature in self.group.features)
        return pa.table(columns, names=[*self.group.keys, "month", *self.group.columns])

    def _column(self, feature: Feature, target: int, known: npt.NDArray[np.intp]) -> pa.Array:
        past = Past(self.measures[feature.measure], self.first, target)
        numbers = feature.statistic.kernel(past, feature.lookback)[known]
        if feature.statistic.is_in_units_of_measure:
            numbers = numbers / self.group.measure(feature.measure).scale
        return pa.array(numbers.astype(np.float32), FEATURE, from_pandas=True)
