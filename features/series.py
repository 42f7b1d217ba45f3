"""Series: sparse monthly cells of many keys, laid out as dense arrays within a memory bound."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pyarrow as pa

from features.encoding import encode, integers
from features.group import PRESENCE, SOLD_SHARE, FeatureGroup
from features.start import Start, Whole
from features.statistic import AGE, MEAN, MONTHS_SINCE, NEVER, SUM, History
from lakehouse.month_range import MonthRange, month_numbers

# Bound of the arrays that a task holds at once. 100,000 pairs over 34 months take 350 MB.
ARRAY_BYTES = 400_000_000
# Least number of target months that one window of arrays serves. Each new window lays out the
# lookback months again, so that shorter windows would repeat more work.
FEWEST_TARGETS = 12


@dataclass(frozen=True)
class Window:
    """Consecutive months of series as dense arrays.

    Attributes:
        first: index of the first month of the arrays.
        end: index of the month after the last month of the arrays.
        measures: measure → history of these months.
        sold: first sale of each series, months counted from ``first``.
    """

    first: int
    end: int
    measures: dict[str, History]
    sold: Start

    def serves(self, target: int, lookback: int) -> bool:
        """Return whether the arrays hold all months that features of a target month read.

        Args:
            target: index of the target month.
            lookback: months before the target month that features read.
        """
        return self.first <= max(0, target - lookback) and target <= self.end


@dataclass(frozen=True)
class Series:
    """The sparse histories of many keys; a series is the history of one key.

    Attributes:
        group: the group that declares the measures.
        start: number of the first month.
        length: number of months.
        keys: the key columns, a row per series.
        codes: ``[cell]`` int64, row in ``keys`` of the cell's key.
        months: ``[cell]`` int64, months from ``start`` to the cell.
        amounts: measure → ``[cell]`` int64, in integer form.
        sold: first sale of each series.
        latest: measure → ``[series]`` int64, the last month before ``start`` that is not 0, as a
            negative index, or ``NEVER``.
    """

    group: FeatureGroup
    start: int
    length: int
    keys: pa.Table
    codes: Whole
    months: Whole
    amounts: dict[str, Whole]
    sold: Start
    latest: dict[str, Whole]

    @classmethod
    def of(cls, rows: pa.Table, history: MonthRange, group: FeatureGroup) -> "Series":
        """Encode cells and opening rows as series.

        Args:
            rows: the cells and opening rows that ``compute`` takes.
            history: the months of the series; cells of other months are ignored.
            group: the group of the cells.
        """
        codes, keys = encode(rows.select(group.keys))
        is_opening = rows["month"].is_null().to_numpy()
        opening = Opening.of(rows.filter(pa.array(is_opening)), codes[is_opening], len(keys), group)
        cells, codes = rows.filter(pa.array(~is_opening)), codes[~is_opening]
        months = month_numbers(cells["month"]) - history.start
        inside = (months >= 0) & (months < len(history))
        cells, codes, months = cells.filter(pa.array(inside)), codes[inside], months[inside]
        amounts = {name: integers(cells[name]) for name in group.measures_read}
        first = first_sales(codes, months, amounts, Start.never(len(keys), len(history)))
        # Only the search for first sales reads this measure.
        del amounts[SOLD_SHARE]
        sold = opening.start_or(first)
        return cls(
            group, history.start, len(history), keys, codes, months, amounts, sold, opening.latest
        )

    def parts(self) -> Iterator["Series"]:
        """Split the keys into parts whose arrays fit into the memory bound, each of all months."""
        count = max(1, -(-len(self.keys) // most_keys(self.group, self.length)))
        ends = [len(self.keys) * n // count for n in range(count + 1)]
        for first, end in pairwise(ends):
            yield self if count == 1 else self._of_keys(first, end)

    def _of_keys(self, first: int, end: int) -> "Series":
        of_keys, some = (self.codes >= first) & (self.codes < end), slice(first, end)
        return replace(
            self,
            keys=self.keys.slice(first, end - first),
            codes=self.codes[of_keys] - first,
            months=self.months[of_keys],
            amounts={name: of[of_keys] for name, of in self.amounts.items()},
            sold=Start(self.sold.month[some], self.sold.share[some]),
            latest={name: of[some] for name, of in self.latest.items()},
        )

    def window(self, target: int) -> Window:
        """Lay out the months that a target month reads, and as many later months as fit.

        Args:
            target: index of the target month, at most ``length``.
        """
        rows = ARRAY_BYTES // max(1, len(self.keys) * month_bytes(self.group)) - 1
        if rows >= self.length:
            return self._window(0, self.length)
        first = max(0, target - self.group.lookback)
        return self._window(first, min(self.length, first + max(rows, self.group.lookback)))

    def _window(self, first: int, end: int) -> Window:
        inside = (self.months >= first) & (self.months < end)
        at = self.months[inside] - first, self.codes[inside]
        measures = {}
        for name in {feature.measure for feature in self.group.features}:
            values = np.zeros((end - first, len(self.keys)), np.int64)
            values[at] = self.amounts[name][inside]
            measures[name] = History(values, self._latest(name, first))
        return Window(first, end, measures, replace(self.sold, month=self.sold.month - first))

    def _latest(self, measure: str, first: int) -> Whole | None:
        """Return the last month before a window in which a measure is not 0.

        Args:
            measure: name of the measure.
            first: index of the window's first month.

        Returns:
            ``[series]`` int64, negative months counted from ``first``, or ``NEVER``; None: no
            statistic needs this month, or the series begin with the lake.
        """
        before = self.latest.get(measure)
        if first == 0 or measure not in since_measures(self.group):
            return before
        latest = np.full(len(self.keys), NEVER) if before is None else before.copy()
        before = (self.months < first) & (self.amounts[measure] != 0)
        np.maximum.at(latest, self.codes[before], self.months[before])
        return np.where(latest == NEVER, NEVER, latest - first)


@dataclass(frozen=True)
class Opening:
    """The summary of all months before the first month of the series.

    Attributes:
        sold: first sale of each series, as a negative index; a huge positive index (``-NEVER``)
            where no sale is known.
        latest: measure → ``[series]`` int64, the last month that is not 0, as a negative index,
            or ``NEVER``.
    """

    sold: Start
    latest: dict[str, Whole]

    @classmethod
    def of(cls, rows: pa.Table, codes: Whole, count: int, group: FeatureGroup) -> "Opening":
        """Read opening rows: values of the group's unbounded features at the first month.

        Args:
            rows: ``[*opening columns]``, ages and months since the last value that is not 0.
            codes: ``[row]`` int64, the series of each opening row.
            count: number of series.
            group: the group of the features.
        """
        sold = Start.never(count, -NEVER)
        latest = {}
        for feature in group.opening if len(rows) else ():
            months = rows[group.column(feature)].to_numpy().astype(np.float64)
            if feature.statistic == AGE:  # not "is": pickling gives a worker a copy of AGE
                start = Start.of_ages(months)
                sold.month[codes], sold.share[codes] = start.month, start.share
            else:
                latest[feature.measure] = np.full(count, NEVER, np.int64)
                latest[feature.measure][codes] = np.where(np.isnan(months), NEVER, -months)
        return cls(sold, latest)

    def start_or(self, first: Start) -> Start:
        """Return the first sale of each series: as opened, else as found in the cells.

        Args:
            first: first sales found in the cells.
        """
        is_known = self.sold.month < 0
        return Start(
            np.where(is_known, self.sold.month, first.month),
            np.where(is_known, self.sold.share, first.share),
        )


def first_sales(codes: Whole, months: Whole, amounts: dict[str, Whole], never: Start) -> Start:
    """Find the first sale of each series.

    Args:
        codes: ``[cell]`` int64, row number of the series.
        months: ``[cell]`` int64, index of the month.
        amounts: measure → ``[cell]`` int64, in integer form.
        never: the result for series without a sale; overwritten and returned.
    """
    is_sold = amounts[PRESENCE] != 0
    np.minimum.at(never.month, codes[is_sold], months[is_sold])
    is_first = is_sold & (months == never.month[codes])
    never.share[codes[is_first]] = amounts[SOLD_SHARE][is_first]
    return never


def since_measures(group: FeatureGroup) -> set[str]:
    """Return the measures that a feature of months since the last value needs."""
    return {f.measure for f in group.features if f.statistic == MONTHS_SINCE}


def most_keys(group: FeatureGroup, months: int) -> int:
    """Return how many keys have arrays within the memory bound, at least 1.

    Args:
        group: the group of the keys.
        months: number of months of the histories.
    """
    shortest = min(months, group.lookback + FEWEST_TARGETS) + 1
    return max(1, ARRAY_BYTES // (shortest * month_bytes(group)))


def month_bytes(group: FeatureGroup) -> int:
    """Return the most bytes that the arrays of one month of one series take."""
    values = {feature.measure for feature in group.features}
    totals = {f.measure for f in group.features if f.statistic in (SUM, MEAN)}
    return 8 * (len(values) + len(totals) + len(since_measures(group)))
