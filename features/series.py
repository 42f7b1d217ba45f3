"""Series: sparse cells of many keys, laid out as arrays for as many months as a bound allows."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pyarrow as pa

from features.encoding import encode, integers
from features.group import PRESENCE, SOLD_SHARE, FeatureGroup
from features.statistic import AGE, MEAN, MONTHS_SINCE, NEVER, SUM, History, Start, Whole
from lakehouse.month_range import MonthRange, month_numbers

# Of the arrays that a task holds at once. A bucket of 100,000 pairs over 34 months takes 350 MB.
ARRAY_BYTES = 400_000_000
# Months that arrays of a part of the keys serve at least: months before them are laid out again.
FEWEST_TARGETS = 12


@dataclass(frozen=True)
class Window:
    """Some months of series as arrays.

    Attributes:
        first: index of the month that the arrays begin with.
        end: index of the month after their last.
        measures: measure → its history, from the first month on.
        sold: when the first sale of each series was, counted from the first month.
    """

    first: int
    end: int
    measures: dict[str, History]
    sold: Start

    def serves(self, target: int, lookback: int) -> bool:
        """Return whether the arrays hold the months that features of a target month read."""
        return self.first <= max(0, target - lookback) and target <= self.end


@dataclass(frozen=True)
class Series:
    """The histories of many keys, a number per cell.

    Attributes:
        group: whose measures they are.
        start: number of the month that the histories begin with.
        length: months of the histories.
        keys: the key columns, a row per series.
        codes: ``[cell]`` the row of each cell's key.
        months: ``[cell]`` months from the start to each cell.
        amounts: measure → ``[cell]`` in integer form.
        sold: when the first sale of each series was.
        latest: measure → ``[series]``, the last month before the start that is not 0, or ``NEVER``.
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
        """Encode the keys of cells and of opening rows; see ``compute``."""
        codes, keys = encode(rows.select(group.keys))
        is_opening = rows["month"].is_null().to_numpy()
        opening = Opening.of(rows.filter(pa.array(is_opening)), codes[is_opening], len(keys), group)
        cells, codes = rows.filter(pa.array(~is_opening)), codes[~is_opening]
        months = month_numbers(cells["month"]) - history.start
        inside = (months >= 0) & (months < len(history))
        cells, codes, months = cells.filter(pa.array(inside)), codes[inside], months[inside]
        amounts = {name: integers(cells[name]) for name in group.measures_read}
        first = first_sales(codes, months, amounts, Start.never(len(keys), len(history)))
        # Nothing but the first sale's reads it.
        del amounts[SOLD_SHARE]
        sold = opening.start_or(first)
        return cls(
            group, history.start, len(history), keys, codes, months, amounts, sold, opening.latest
        )

    def parts(self) -> Iterator["Series"]:
        """Cut the keys into parts whose arrays are within the bound, each of all months."""
        count = max(1, -(-len(self.keys) // most_keys(self.group, self.length)))
        ends = [len(self.keys) * n // count for n in range(count + 1)]
        for first, end in pairwise(ends):
            yield self if count == 1 else self._of_keys(first, end)

    def _of_keys(self, first: int, end: int) -> "Series":
        mine, some = (self.codes >= first) & (self.codes < end), slice(first, end)
        return replace(
            self,
            keys=self.keys.slice(first, end - first),
            codes=self.codes[mine] - first,
            months=self.months[mine],
            amounts={name: of[mine] for name, of in self.amounts.items()},
            sold=Start(self.sold.month[some], self.sold.share[some]),
            latest={name: of[some] for name, of in self.latest.items()},
        )

    def window(self, target: int) -> Window:
        """Lay out the months that a target month reads, and as many after them as fit.

        Args:
            target: index of the target month, at most the number of months.
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
        """Return the last month before one that is not 0, counted from that one."""
        known = self.latest.get(measure)
        if first == 0 or measure not in since_measures(self.group):
            return known
        latest = np.full(len(self.keys), NEVER) if known is None else known.copy()
        before = (self.months < first) & (self.amounts[measure] != 0)
        np.maximum.at(latest, self.codes[before], self.months[before])
        return np.where(latest == NEVER, NEVER, latest - first)


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
        sold = Start.never(count, -NEVER)
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

    def start_or(self, first: Start) -> Start:
        """Return when the first sale was, of series not known before by their cells."""
        is_known = self.sold.month < 0
        return Start(
            np.where(is_known, self.sold.month, first.month),
            np.where(is_known, self.sold.share, first.share),
        )


def first_sales(codes: Whole, months: Whole, amounts: dict[str, Whole], never: Start) -> Start:
    """Find the first month with a sale of each series.

    Args:
        codes: ``[cell]`` the series.
        months: ``[cell]`` the month's index.
        amounts: measure → ``[cell]``.
        never: what stands for series without a sale; overwritten.
    """
    is_sold = amounts[PRESENCE] != 0
    np.minimum.at(never.month, codes[is_sold], months[is_sold])
    is_first = is_sold & (months == never.month[codes])
    never.share[codes[is_first]] = amounts[SOLD_SHARE][is_first]
    return never


def since_measures(group: FeatureGroup) -> set[str]:
    """Return the measures whose last month is counted from, however long ago."""
    return {f.measure for f in group.features if f.statistic == MONTHS_SINCE}


def most_keys(group: FeatureGroup, months: int) -> int:
    """Return how many keys of histories of so many months have arrays within the bound."""
    shortest = min(months, group.lookback + FEWEST_TARGETS) + 1
    return max(1, ARRAY_BYTES // (shortest * month_bytes(group)))


def month_bytes(group: FeatureGroup) -> int:
    """Return the bytes of arrays that a month of one series takes at most."""
    values = {feature.measure for feature in group.features}
    totals = {f.measure for f in group.features if f.statistic in (SUM, MEAN)}
    return 8 * (len(values) + len(totals) + len(since_measures(group)))
