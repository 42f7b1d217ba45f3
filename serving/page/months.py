"""Sequences of months for answers: closed months without gaps, the same month a year earlier."""

from collections.abc import Mapping, Sequence
from datetime import date

from lakehouse.month_range import plus_months


def months_since_first(units: Mapping[date, float], closed: Sequence[date]) -> list[date]:
    """Return the closed months from the first one with units on; empty: there are none."""
    return [month for month in closed if units and month >= min(units)]


def last_year(units: Mapping[date, float], month: date) -> float | None:
    """Return the units of the same month a year earlier; None: it precedes the first month."""
    before = plus_months(month, -12)
    if not units or not min(units) <= before <= max(units):
        return None
    return units.get(before, 0.0)


def with_zeros(units: Mapping[date, float], closed: Sequence[date]) -> dict[date, float]:
    """Complete units: a closed month after the first one has zero units where it is missing."""
    return {month: units.get(month, 0.0) for month in months_since_first(units, closed)}


def month_text(month: date) -> str:
    """Write a month as YYYY-MM."""
    return f"{month:%Y-%m}"
