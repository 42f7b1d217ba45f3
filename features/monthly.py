"""Aggregation to monthly cells: daily sales to pair cells, pair cells to other groups' cells."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from features.encoding import Codes, dictionary, encode, integers
from features.group import ITEM, SHOP, SOLD_SHARE, FeatureGroup
from features.measure import Measure
from features.measures import LATE_DAYS, PAIR_REVENUE, PAIR_SOLD_SHARE
from lakehouse.types import PRICE, UNITS

Days = npt.NDArray[np.datetime64]

# Represents 1 in the product of units and price, both in integer form.
SCALES = 10 ** (UNITS.scale + PRICE.scale)


def pair_days(sales: pa.Table, offers: pa.Table) -> pa.Table:
    """Combine live sales and days on offer into one table for aggregation.

    Args:
        sales: live rows of silver.daily_sales, ``[shop_id, item_id, month, date, units, price]``.
        offers: rows of silver.daily_offers, ``[shop_id, item_id, month, date]``.

    Returns:
        ``[shop_id, item_id, month, sale, units, revenue, priced_units, late_units, weekend_units,
        sold_share, sale_day, offer_day]``, a row per sale or offer: ``sale`` is 1 for a sale and
        0 for an offer; amounts are in integer form, 0 for an offer. ``sale_day`` and
        ``offer_day`` are days of the month, null in rows of the other kind.
    """
    units, dates = integers(sales["units"]), sales["date"].to_numpy().astype("datetime64[D]")
    amounts = {
        "units": units,
        **paid(units, sales["price"]),
        "late_units": units * is_late(dates),
        "weekend_units": units * is_weekend(dates),
        SOLD_SHARE: share_left(dates),
    }
    sold = form(sales, 1, amounts)
    offered = form(offers, 0, dict.fromkeys(amounts, np.zeros(len(offers), np.int64)))
    no_days = pa.nulls(len(sold), pa.int64()), pa.nulls(len(offered), pa.int64())
    return pa.concat_tables(
        [
            sold.append_column("sale_day", pc.day(sales["date"])).append_column(
                "offer_day", no_days[0]
            ),
            offered.append_column("sale_day", no_days[1]).append_column(
                "offer_day", pc.day(offers["date"])
            ),
        ]
    )


def form(rows: pa.Table, sale: int, amounts: Mapping[str, Codes]) -> pa.Table:
    """Build all columns of ``pair_days`` except ``sale_day`` and ``offer_day``.

    Args:
        rows: ``[shop_id, item_id, month, …]``.
        sale: value of the column ``sale``, 1 or 0.
        amounts: column → ``[row]``, in integer form.
    """
    sales = np.full(len(rows), sale, np.int64)
    ids = {name: dictionary(rows[name]) for name in (SHOP, ITEM)}
    return pa.table({**ids, "month": rows["month"], "sale": sales, **amounts})


def is_late(dates: Days) -> npt.NDArray[np.bool_]:
    """Mark the days among the last ``LATE_DAYS`` of their month."""
    late: npt.NDArray[np.bool_] = days_left(dates) <= LATE_DAYS
    return late


def share_left(dates: Days) -> Codes:
    """Return the share of the month that remains from each day on, in integer form.

    The day itself counts as remaining.
    """
    month = dates.astype("datetime64[M]").astype("datetime64[D]")
    shares = np.rint(PAIR_SOLD_SHARE.scale * days_left(dates) / days_left(month))
    return shares.astype(np.int64)


def days_left(dates: Days) -> Codes:
    """Count the days from each day to the end of its month, both included."""
    next_month = (dates.astype("datetime64[M]") + 1).astype("datetime64[D]")
    return (next_month - dates).astype(np.int64)


def is_weekend(dates: Days) -> npt.NDArray[np.bool_]:
    """Mark the days that are Saturdays or Sundays."""
    return ~np.is_busday(dates)


def paid(units: Codes, prices: pa.ChunkedArray) -> dict[str, Codes]:
    """Compute revenue and priced units of each sale; products are rounded before any sum.

    Args:
        units: ``[sale]``, in integer form; negative for a return.
        prices: decimals, currency per unit; null: not known.

    Returns:
        ``revenue`` and ``priced_units``, ``[sale]`` in integer form; both 0 for a return and
        where the price is not known.
    """
    is_priced = pc.is_valid(prices).to_numpy() & (units > 0)
    priced = np.where(is_priced, units, 0)
    stated = integers(pc.fill_null(prices, pa.scalar(0, prices.type)))
    products = priced.astype(np.float64) * stated / (SCALES / PAIR_REVENUE.scale)
    return {"revenue": np.rint(products).astype(np.int64), "priced_units": priced}


def aggregate(rows: pa.Table, group: FeatureGroup) -> pa.Table:
    """Aggregate more detailed rows to the monthly cells of a group.

    Args:
        rows: for the group of pairs, the result of ``pair_days``; for another group, cells that
            have the group's keys among their columns. Partial cells of the group itself are
            merged.
        group: the group whose cells are wanted.

    Returns:
        ``[*keys, month, *measures]`` in integer form, unique on keys and month.
    """
    key = [*group.keys, "month"]
    codes, keys = encode(rows.select(key))
    wanted = {f"{m.of}_{m.aggregate}": (m.of, m.aggregate) for m in group.measures}
    needed = rows.select(sorted({m.of for m in group.measures}))
    grouped = needed.append_column("code", pa.array(codes)).group_by("code", use_threads=False)
    sums = grouped.aggregate(list(wanted.values()))
    cells = keys.take(sums["code"])
    for measure in group.measures:
        numbers = sums[f"{measure.of}_{measure.aggregate}"].cast(pa.int64())
        cells = cells.append_column(measure.name, clip_numbers(numbers, measure))
    return cells


def clip_numbers(numbers: pa.ChunkedArray, measure: Measure) -> pa.ChunkedArray:
    """Clip aggregates in integer form to the bounds of their measure."""
    if measure.clip is None:
        return numbers
    low, high = (int(bound * measure.scale) for bound in (measure.clip.low, measure.clip.high))
    return pc.min_element_wise(pc.max_element_wise(numbers, low), high)


def integer_form(cells: pa.Table, group: FeatureGroup) -> pa.Table:
    """Convert stored cells to integer form; measures that the cells lack are skipped."""
    for measure in group.measures:
        if measure.name in cells.column_names:
            at = cells.column_names.index(measure.name)
            cells = cells.set_column(at, measure.name, pa.array(integers(cells[measure.name])))
    return cells
