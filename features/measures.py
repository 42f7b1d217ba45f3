"""Declared measures: monthly aggregates of sales, days on offer, and more detailed cells."""

from dataclasses import replace

from features.group import SOLD_SHARE
from features.measure import Measure
from lakehouse.profile.profile import Clip
from lakehouse.types import COUNT, REVENUE, SHARE, UNITS, WHOLE

LATE_DAYS = 14
# The pair's measures aggregate the columns of features.monthly.pair_days.
PAIR_SALES = Measure("sales", "sale", "sum", COUNT, "live sales lines")
PAIR_UNITS = Measure("units", "units", "sum", UNITS, "units net of returns")
# Revenue and priced units cover the same sales, so that their ratio is the price paid per unit.
PAIR_REVENUE = Measure(
    "revenue",
    "revenue",
    "sum",
    REVENUE,
    "currency that buyers paid, each sale with a known price rounded to four decimals; a return "
    "takes nothing off",
)
PAIR_PRICED_UNITS = Measure(
    "priced_units",
    "priced_units",
    "sum",
    UNITS,
    "units sold with a known price, which revenue is of; a return takes nothing off",
)
PAIR_LATE_UNITS = Measure(
    "late_units", "late_units", "sum", UNITS, f"units of the month's last {LATE_DAYS} days"
)
PAIR_WEEKEND_UNITS = Measure(
    "weekend_units", "weekend_units", "sum", UNITS, "units of Saturdays and Sundays"
)
PAIR_SOLD_SHARE = Measure(
    SOLD_SHARE, SOLD_SHARE, "max", SHARE, "share of the month from its first sale on; 0: no sale"
)
SALE_DAYS = Measure("sale_days", "sale_day", "count_distinct", WHOLE, "days with a sale")
OFFER_DAYS = Measure(
    "offer_days",
    "offer_day",
    "count_distinct",
    WHOLE,
    "days on offer and reported without a sale",
)
HAS_SALE = Measure("pairs", "sale", "max", WHOLE, "1: the pair has a sale")


def summed(measure: Measure, comment: str = "") -> Measure:
    """Declare the sum of a measure over more detailed cells, such as the pairs of a shop.

    Args:
        measure: measure of the more detailed cells.
        comment: meaning of the sum; empty: the measure's own comment.
    """
    stored = COUNT if measure.type == WHOLE else measure.type
    return Measure(measure.name, measure.name, "sum", stored, comment or measure.comment)


SALES = summed(PAIR_SALES)
UNITS_SOLD = summed(PAIR_UNITS)
REVENUE_SUM = summed(PAIR_REVENUE)
PRICED_UNITS = summed(PAIR_PRICED_UNITS)
LATE_UNITS = summed(PAIR_LATE_UNITS)
WEEKEND_UNITS = summed(PAIR_WEEKEND_UNITS)
# Measures that give the date of a key's first sale, from which ages are counted.
WHEN_SOLD = (SALES, PAIR_SOLD_SHARE)
PAIRS = summed(HAS_SALE, "shop × item pairs with a sale")


def pair_target(clip: Clip | None) -> Measure:
    """Declare the target that is forecast: the pair's units in a month, clipped to bounds.

    Args:
        clip: bounds in units; None: not clipped.
    """
    bounds = f", clipped to [{clip.low}, {clip.high}]" if clip else ""
    return replace(PAIR_UNITS, name="target", comment=f"{PAIR_UNITS.comment}{bounds}", clip=clip)


TARGET_SUM = summed(pair_target(None), "sum of its pairs' targets, units")
