"""Horizons: what a target month's features are at months of distance from the cutoff."""

from datetime import date

from lakehouse.month_range import plus_months


def known_month(month: date, horizon: int) -> date:
    """Return the month whose stored features are known at the cutoff of a target month.

    Features of a month know the months before it; those of the month after the cutoff therefore
    know the cutoff and nothing later.

    Args:
        month: target month.
        horizon: months from the cutoff to it, at least 1.
    """
    return plus_months(month, 1 - horizon)


# A target month's panel knows the month's features of so many months earlier; a year is enough.
LONGEST = 12
