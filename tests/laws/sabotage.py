"""Defects to plant: statistics and computations that break a law each."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from random_cells import integer_form

from features.compute import compute
from features.group import PRESENCE, Feature, FeatureGroup, age, months_since
from features.statistic import AGE, Past, Real, Statistic, Whole
from lakehouse.month_range import MonthRange, month_number, plus_months


def planted(group: FeatureGroup, statistic: Statistic) -> FeatureGroup:
    """Put a statistic in the place of a group's features, but those that every group has.

    One that counts all months takes the place of the one of its name among those.
    """
    measure, lookback = ("target", 12) if statistic.is_bounded else (PRESENCE, None)
    wrong = Feature(measure, statistic, lookback)
    others = [f for f in (months_since(PRESENCE), age(PRESENCE)) if f.suffix != wrong.suffix]
    return replace(group, features=(wrong, *others))


def _target_month(past: Past, _: int) -> Real:
    values = past._history.values
    return values[min(past._target, len(values) - 1)].astype(np.float64)


def _share_of_all_time(past: Past, _: int) -> Real:
    return past._history.totals[-1].astype(np.float64)


def _beside_the_others(past: Past, lookback: int) -> Real:
    sums = past.sum(lookback)
    return sums - sums.mean() if len(sums) else sums.astype(np.float64)


def _neighbour(past: Past, _: int) -> Real:
    return np.roll(past.month(1), 1)


def _active_months(past: Past, _: int) -> Real:
    return (past._history.values[: past._target] != 0).sum(axis=0).astype(np.float64)


def _months_of_the_lake(past: Past, _: int) -> Real:
    return np.full(past._start.month.shape, float(len(past._history.values)))


def _a_month_more(past: Past, lookback: int) -> Real:
    return past.month(lookback + 1)


def weighted(values: Whole) -> Real:
    """Average months, each weighing half of the one after it."""
    weights = 2.0 ** np.arange(1 - len(values), 1)
    mean: Real = weights @ values / max(weights.sum(), 1)
    return mean


def _weights_reach_the_target_month(past: Past, lookback: int) -> Real:
    end = past._target + 1
    return weighted(past._history.values[max(0, end - lookback) : end])


def _weights_never_end(past: Past, _: int) -> Real:
    return weighted(past._history.values[: past._target])


TARGET_MONTH = Statistic("lag", _target_month, "reads the target month", True)
ALL_TIME = Statistic("total", _share_of_all_time, "reads every month", True)
BESIDE_OTHERS = Statistic("mean", _beside_the_others, "mixes series", True)
NEIGHBOUR = Statistic("lag", _neighbour, "reads another series", True)
MONTH_MORE = Statistic("lag", _a_month_more, "reads more than its lookback", True)
TARGET_WEIGHTED = Statistic("ewm", _weights_reach_the_target_month, "weighs the target month", True)
ENDLESS_WEIGHTS = Statistic("ewm", _weights_never_end, "weighs all months", True)
ACTIVE_MONTHS = Statistic("age", _active_months, "stands still without sales", False)
LAKE_MONTHS = Statistic("age", _months_of_the_lake, "knows how long the lake is", False)


def a_month_late(
    cells: pa.Table, history: MonthRange, months: Iterable[date], group: FeatureGroup
) -> Iterator[pa.Table]:
    """Compute the month after the one asked for: off by one."""
    longer = MonthRange(history.first, plus_months(history.last, 1))
    for month, part in zip(
        months := list(months),
        compute(cells, longer, [plus_months(month, 1) for month in months], group),
        strict=True,
    ):
        dates = pa.repeat(pa.scalar(month, pa.date32()), len(part))
        yield part.set_column(part.column_names.index("month"), "month", dates)


def keys_of_the_first_month(
    cells: pa.Table, history: MonthRange, months: Iterable[date], group: FeatureGroup
) -> Iterator[pa.Table]:
    """Keep to the keys of the first month asked for: state between months."""
    known: list[str] | None = None
    for part in compute(cells, history, months, group):
        ids = part[group.keys[0]].to_pylist()
        known = ids if known is None else known
        yield part.filter(pa.array([one in known for one in ids], pa.bool_()))


def float_sums_in_row_order(
    cells: pa.Table, history: MonthRange, months: Iterable[date], group: FeatureGroup
) -> Iterator[pa.Table]:
    """Sum a measure of all months as float32, row after row: 1e12 + 1 - 1e12 depends on order."""
    for month in months:
        sums: dict[tuple[str, ...], np.float32] = {}
        for cell in cells.to_pylist():
            key = tuple(cell[name] for name in group.keys)
            if history.first <= cell["month"] < month:
                sums[key] = np.float32(sums.get(key, 0)) + np.float32(cell["target"])
        columns = [pa.array([key[i] for key in sums], pa.string()) for i in range(len(group.keys))]
        values = pa.array(list(sums.values()), pa.float32())
        dates = pa.repeat(pa.scalar(month, pa.date32()), len(sums))
        yield pa.table(
            [*columns, dates, *([values] * len(group.columns))],
            names=[*group.keys, "month", *group.columns],
        )


def keys_with_any_cell(
    cells: pa.Table, history: MonthRange, months: Iterable[date], group: FeatureGroup
) -> Iterator[pa.Table]:
    """Take a cell without a sale for a sale: rows for keys that never sold."""
    at = cells.column_names.index(PRESENCE)
    ones = pa.array(np.ones(len(cells)), cells.schema.field(PRESENCE).type)
    yield from compute(cells.set_column(at, PRESENCE, ones), history, months, group)


def keys_of_the_last_month(
    cells: pa.Table, history: MonthRange, months: Iterable[date], group: FeatureGroup
) -> Iterator[pa.Table]:
    """Give rows only to keys with a sale in the month before: sparse, not dense."""
    lag = next(group.column(feature) for feature in group.features if feature.lookback == 1)
    for part in compute(cells, history, months, group):
        yield part.filter(pc.not_equal(part[lag], 0))


def whole_units(
    cells: pa.Table, history: MonthRange, months: Iterable[date], group: FeatureGroup
) -> Iterator[pa.Table]:
    """Take whole numbers for whole units, decimals for what they are."""
    for measure in group.measures:
        at = cells.column_names.index(measure.name)
        if pa.types.is_integer(cells[measure.name].type):
            scaled = pc.multiply(cells[measure.name].cast(pa.int64()), measure.scale)
            cells = cells.set_column(at, measure.name, scaled)
    yield from compute(integer_form(cells, group), history, months, group)


def no_january(
    cells: pa.Table, history: MonthRange, months: Iterable[date], group: FeatureGroup
) -> Iterator[pa.Table]:
    """Lose the cells of Januaries: a year's end counted wrongly."""
    kept = pc.not_equal(pc.month(cells["month"]), 1)
    yield from compute(cells.filter(kept), history, months, group)


def clamped(
    cells: pa.Table, history: MonthRange, months: Iterable[date], group: FeatureGroup
) -> Iterator[pa.Table]:
    """Move cells from before the lake's months into its first one."""
    numbers = [month_number(month) for month in cells["month"].to_pylist()]
    dates = [
        history.first if number < history.start else month
        for number, month in zip(numbers, cells["month"].to_pylist(), strict=True)
    ]
    at = cells.column_names.index("month")
    moved = cells.set_column(at, "month", pa.array(dates, pa.date32()))
    yield from compute(moved, history, months, group)


def without_opening(
    cells: pa.Table, history: MonthRange, months: Iterable[date], group: FeatureGroup
) -> Iterator[pa.Table]:
    """Ignore opening rows: keys that sold before them alone are lost, others become young."""
    yield from compute(cells.filter(cells["month"].is_valid()), history, months, group)


def a_month_older(
    cells: pa.Table, history: MonthRange, months: Iterable[date], group: FeatureGroup
) -> Iterator[pa.Table]:
    """Read the age of opening rows off by one."""
    name = group.column(age(PRESENCE))
    if name in cells.column_names:
        older = pc.add(cells[name], pa.scalar(1, cells.schema.field(name).type))
        cells = cells.set_column(cells.column_names.index(name), name, older)
    yield from compute(cells, history, months, group)


def without_the_last_sale(
    cells: pa.Table, history: MonthRange, months: Iterable[date], group: FeatureGroup
) -> Iterator[pa.Table]:
    """Read the age of opening rows, but not the months since the last sale."""
    name = group.column(months_since(PRESENCE))
    if name in cells.column_names:
        unknown = pa.nulls(len(cells), cells.schema.field(name).type)
        cells = cells.set_column(cells.column_names.index(name), name, unknown)
    yield from compute(cells, history, months, group)


def age_by_identity(
    cells: pa.Table, history: MonthRange, months: Iterable[date], group: FeatureGroup
) -> Iterator[pa.Table]:
    """Tell the age by ``statistic is AGE``, which a worker's copy is not."""
    unequal = replace(AGE, meaning="equals nothing")
    features = tuple(
        replace(f, statistic=unequal) if f.statistic == AGE and f.statistic is not AGE else f
        for f in group.features
    )
    yield from compute(cells, history, months, replace(group, features=features))
