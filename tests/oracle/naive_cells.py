"""Monthly cells once more: daily sales and offers put into dictionaries, in exact decimals."""

from calendar import monthrange
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from features.group import FeatureGroup
from lakehouse.profile.profile import Clip

Row = Mapping[str, Any]
Cells = dict[tuple[Any, ...], dict[str, Any]]
# Id → attribute → value.
Known = Mapping[str, Mapping[str, str]]


@dataclass
class PairMonth:
    """What a shop sold and offered of an item in a month."""

    sales: list[Row] = field(default_factory=list)
    offers: list[Row] = field(default_factory=list)

    @property
    def units(self) -> Decimal:
        return sum((sale["units"] for sale in self.sales), Decimal(0))


def target(month: PairMonth, clip: Clip | None) -> Decimal:
    return month.units if clip is None else min(max(month.units, clip.low), clip.high)


def priced(month: PairMonth) -> list[Row]:
    """The sales that say what a buyer paid: no returns, and with a known price."""
    return [sale for sale in month.sales if sale["price"] is not None and sale["units"] > 0]


def revenue(month: PairMonth, _: Clip | None) -> Decimal:
    amounts = (sale["units"] * sale["price"] for sale in priced(month))
    return sum((a.quantize(Decimal("0.0001"), ROUND_HALF_EVEN) for a in amounts), Decimal(0))


def late_units(month: PairMonth, _: Clip | None) -> Decimal:
    """The units of days after which fewer than 14 follow in the month."""
    late = (
        sale["units"]
        for sale in month.sales
        if monthrange(sale["date"].year, sale["date"].month)[1] - sale["date"].day < 14
    )
    return sum(late, Decimal(0))


def weekend_units(month: PairMonth, _: Clip | None) -> Decimal:
    return sum(
        (sale["units"] for sale in month.sales if f"{sale['date']:%a}" in ("Sat", "Sun")),
        Decimal(0),
    )


def sold_share(month: PairMonth, _: Clip | None) -> Decimal:
    """The share of the month from its first sale on."""
    if not month.sales:
        return Decimal(0)
    day = min(sale["date"] for sale in month.sales)
    days = monthrange(day.year, day.month)[1]
    return (Decimal(days - day.day + 1) / days).quantize(Decimal("0.001"), ROUND_HALF_EVEN)


MEASURES: dict[str, Callable[[PairMonth, Clip | None], Any]] = {
    "sales": lambda month, _: len(month.sales),
    "sold_share": sold_share,
    "pairs": lambda month, _: 1 if month.sales else 0,
    "units": lambda month, _: month.units,
    "target": target,
    "revenue": revenue,
    "priced_units": lambda month, _: sum((s["units"] for s in priced(month)), Decimal(0)),
    "late_units": late_units,
    "weekend_units": weekend_units,
    "sale_days": lambda month, _: len({sale["date"] for sale in month.sales}),
    "offer_days": lambda month, _: len({offer["date"] for offer in month.offers}),
}


def pair_months(
    sales: Iterable[Row], offers: Iterable[Row], aliases: Mapping[str, str]
) -> dict[tuple[str, str, date], PairMonth]:
    """Sort rows into pair months, shops under their own name."""
    months: dict[tuple[str, str, date], PairMonth] = {}
    for rows, kind in ((sales, "sales"), (offers, "offers")):
        for row in rows:
            shop = aliases.get(row["shop_id"], row["shop_id"])
            at = (shop, row["item_id"], row["date"].replace(day=1))
            getattr(months.setdefault(at, PairMonth()), kind).append(row)
    return months


def item_ages(months: Mapping[tuple[str, str, date], PairMonth]) -> dict[tuple[str, date], str]:
    """(Item, month) → months since its first sale anywhere, 12 if more; none before that."""
    sold: dict[str, date] = {}
    for (_, item, month), pair in months.items():
        if pair.sales:
            sold[item] = min(month, sold.get(item, month))
    ages: dict[tuple[str, date], str] = {}
    for _, item, month in months:
        if item in sold and sold[item] <= month:
            first = sold[item]
            passed = 12 * (month.year - first.year) + month.month - first.month
            ages[item, month] = str(min(passed, 12))
    return ages


def naive_cells(
    months: Mapping[tuple[str, str, date], PairMonth],
    shops: Known,
    items: Known,
    group: FeatureGroup,
    clip: Clip | None,
) -> Cells:
    """Add up pair months: (*key, month) → measure → value: its pairs' sum or greatest."""
    cells: Cells = {}
    ages = item_ages(months)
    for (shop, item, month), pair in months.items():
        ids = {"shop_id": shop, "item_id": item, **shops.get(shop, {}), **items.get(item, {})}
        if "item_age" in group.keys:
            if (item, month) not in ages:
                continue
            ids["item_age"] = ages[item, month]
        cell = cells.setdefault((*(ids.get(name, "unknown") for name in group.keys), month), {})
        for measure in group.measures:
            value = MEASURES[measure.name](pair, clip)
            known = cell.get(measure.name, 0)
            is_greatest = measure.name == "sold_share"
            cell[measure.name] = max(known, value) if is_greatest else known + value
    return cells
