"""Calendar features: numbers that follow from the target month alone, for any past or future."""

from calendar import SATURDAY, monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date


def days(month: date) -> int:
    """Return the number of days of a month."""
    return monthrange(month.year, month.month)[1]


def weekend_days(month: date) -> int:
    """Count a month's Saturdays and Sundays."""
    return sum(month.replace(day=day + 1).weekday() >= SATURDAY for day in range(days(month)))


@dataclass(frozen=True)
class CalendarFeature:
    """A feature that is computed from the target month alone.

    Attributes:
        name: column of the panel.
        compute: target month → the number.
        comment: the column's meaning, with the unit.
    """

    name: str
    compute: Callable[[date], int]
    comment: str


CALENDAR = (
    CalendarFeature("month_of_year", lambda month: month.month, "1 January to 12 December"),
    CalendarFeature("month_days", days, "days of the target month"),
    CalendarFeature(
        "month_weekend_days", weekend_days, "Saturdays and Sundays of the target month"
    ),
)
