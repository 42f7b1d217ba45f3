"""Completeness of a month: days and shops with sales, compared with the months before."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from math import sqrt
from statistics import median

import pyarrow as pa

from ingestion.catalogue.aliases import read_aliases
from ingestion.sales.versions import LIVE
from lakehouse.delta import log
from lakehouse.delta.arrow import read_batches
from lakehouse.lake import Lake
from lakehouse.month_range import MonthRange, plus_months
from lakehouse.tables.silver import DAILY_SALES

# Number of months before a month that define what is usual; months without sales are skipped.
MONTHS_BEFORE = 3
# Share of the usual days with sales; below it, days are missing.
FEWEST_DAYS = 0.8
# Share of the usual shops on the month's last usual day; below it, shops are missing.
FEWEST_SHOPS = 0.5
WEEK = 7

# Day → number of shops that sold on the day.
ShopsByDay = Mapping[date, int]


@dataclass(frozen=True)
class Completeness:
    """Days and shops with sales in a month, and the usual numbers.

    Attributes:
        month: first day of the month.
        days: number of days with sales.
        usual_days: expected number of days with sales, from the months before; None if no month
            before has sales.
        end: last day on which shops usually sell; the month's last day where none is usual.
        shops: number of shops that sold on ``end``.
        usual_shops: usual number of shops on the weekday of ``end``, from the months before.
    """

    month: date
    days: int
    usual_days: float | None
    end: date
    shops: int
    usual_shops: float

    @property
    def length(self) -> int:
        """Number of days in the month."""
        return len(days_of(self.month))

    def lacks_days(self, expected: float | None) -> bool:
        """Return whether days with sales are missing.

        Args:
            expected: expected number of days; None if unknown, when only a month without any
                sales lacks days.
        """
        if not self.days or expected is None:
            return not self.days
        if expected < self.length / 2:
            # With few expected days, chance alone varies the number: allow three standard
            # deviations of a Poisson count.
            return self.days < expected - 3 * sqrt(expected)
        return self.days < FEWEST_DAYS * expected

    @property
    def missing_days(self) -> str | None:
        """Text about missing days, compared with the months before; None if no days are missing."""
        return self._days_text() if self.lacks_days(self.usual_days) else None

    @property
    def doubts(self) -> list[str]:
        """Reasons to doubt that the month is complete; empty if there is no reason."""
        expected = self.length if self.usual_days is None else self.usual_days
        few_days = [self._days_text()] if self.lacks_days(expected) else []
        is_few = self.shops < max(1, FEWEST_SHOPS * self.usual_shops)
        return [*few_days, *([self._shops_text()] if is_few else [])]

    def _days_text(self) -> str:
        usual = "" if self.usual_days is None else f" ({self.usual_days:.0f} are usual)"
        return f"{self.days} of {self.length} days have sales{usual}"

    def _shops_text(self) -> str:
        usual = f" ({self.usual_shops:.0f} are usual)" if self.usual_shops else ""
        return f"{self.shops} shops sold on {self.end}{usual}"


def is_over(month: date, now: datetime) -> bool:
    """Return whether a month has ended, in UTC."""
    return now >= datetime.combine(plus_months(month, 1), time(), UTC)


def has_begun(month: date, now: datetime) -> bool:
    """Return whether a month has begun, in UTC."""
    return now >= datetime.combine(month, time(), UTC)


def compare_months(lake: Lake, months: Sequence[date]) -> list[Completeness]:
    """Compare the live sales of each month with the live sales of the months before.

    Args:
        lake: the lake that has silver.daily_sales.
        months: a few months, in order; memory holds all shop-days of the months and of the
            ``MONTHS_BEFORE`` months before.
    """
    if not months:
        return []
    before = plus_months(months[0], -MONTHS_BEFORE)
    shops = shops_by_day(lake, MonthRange(before, months[-1]))
    return [compare_month(month, shops) for month in months]


def compare_month(month: date, shops: ShopsByDay) -> Completeness:
    """Compare a month's sales with the sales of the months before.

    Args:
        month: first day of the month.
        shops: number of shops by day, of the month and of ``MONTHS_BEFORE`` months before; a day
            without sales may be left out.
    """
    candidates = (plus_months(month, -back) for back in range(1, MONTHS_BEFORE + 1))
    before = [m for m in candidates if sold_days(m, shops)]
    shares = [sold_days(m, shops) / len(days_of(m)) for m in before]
    days = days_of(month)
    end, usual = last_usual_day(days, usual_shops(before, shops))
    return Completeness(
        month,
        sold_days(month, shops),
        median(shares) * len(days) if shares else None,
        end,
        shops.get(end, 0),
        usual,
    )


def usual_shops(months: Iterable[date], shops: ShopsByDay) -> dict[int, float]:
    """Compute the median number of shops that sell on each weekday (0 is Monday) of months."""
    days = [day for month in months for day in days_of(month)]
    by_weekday = {
        weekday: [shops.get(day, 0) for day in days if day.weekday() == weekday]
        for weekday in range(WEEK)
    }
    return {weekday: median(counts) for weekday, counts in by_weekday.items() if counts}


def last_usual_day(days: Sequence[date], usual: Mapping[int, float]) -> tuple[date, float]:
    """Return the last day on which shops usually sell (often not a Sunday), and how many."""
    for day in reversed(days[-WEEK:]):
        if usual.get(day.weekday(), 0) > 0:
            return day, usual[day.weekday()]
    return days[-1], 0


def sold_days(month: date, shops: ShopsByDay) -> int:
    """Count the days of a month that have sales."""
    return sum(shops.get(day, 0) > 0 for day in days_of(month))


def days_of(month: date) -> list[date]:
    """List the days of a month."""
    length = (plus_months(month, 1) - month).days
    return [month + timedelta(day) for day in range(length)]


def shops_by_day(lake: Lake, months: MonthRange) -> dict[date, int]:
    """Count the shops with live sales on each day of months; aliases count as one shop."""
    if not log.exists(lake, DAILY_SALES):
        return {}
    shop_days: set[tuple[date, str]] = set()
    filters = [LIVE, ("month", ">=", months.first), ("month", "<=", months.last)]
    for batch in read_batches(lake, DAILY_SALES, ["date", "shop_id"], filters):
        pairs = pa.Table.from_batches([batch]).group_by(["date", "shop_id"]).aggregate([])
        shop_days.update(zip(pairs["date"].to_pylist(), pairs["shop_id"].to_pylist(), strict=True))
    aliases = read_aliases(lake)
    return Counter(day for day, _ in {(day, aliases.get(s, s)) for day, s in shop_days})
