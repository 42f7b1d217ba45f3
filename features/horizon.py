"""Forecast horizons: which stored features a forecast of a target month may use."""

from datetime import date

from lakehouse.month_range import plus_months


def known_month(month: date, horizon: int) -> date:
    """Return the month whose stored features are known at the cutoff of a target month.

    That is the month after the cutoff: features stored for a month are computed from the months
    before that month, here up to and including the cutoff.

    Args:
        month: target month.
        horizon: months from the cutoff to the target month, at least 1.
    """
    return plus_months(month, 1 - horizon)


# Longest horizon of a panel, in months; a year covers the use cases.
LONGEST = 12
