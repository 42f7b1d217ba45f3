"""Withdrawn pairs: pairs that are not forecast, as shop or item ended before the month."""

from datetime import date
from typing import TYPE_CHECKING

from features.group import SHOP
from features.withdrawal import WITHDRAWALS, Withdrawal
from lakehouse.delta import rows
from lakehouse.lake import Lake
from lakehouse.profile.profile import Profile
from lakehouse.progress import progress
from lakehouse.tables.silver import SHOPS

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

REASON = "reason"


def drop_withdrawn(lake: Lake, profile: Profile, pairs: "DataFrame", month: date) -> "DataFrame":
    """Keep the pairs to forecast in a month, and print the number of withdrawn pairs by reason.

    Args:
        lake: the lake that has the lists of closed shops and delisted items.
        profile: the lake's profile, which declares the lists.
        pairs: ``[shop_id, item_id, …]``, aliases resolved.
        month: target month.
    """
    reasoned = with_reason(lake, profile, pairs, month)
    for reason, count in count_by_reason(reasoned).items():
        progress("forecast: %s, not forecast: %d pairs (%s)", f"{month:%Y-%m}", count, reason)
    return reasoned.where(f"{REASON} IS NULL").drop(REASON)


def count_by_reason(reasoned: "DataFrame") -> dict[str, int]:
    """Count the withdrawn pairs by reason.

    Args:
        reasoned: pairs with ``reason``, as ``with_reason`` returns.
    """
    gone = reasoned.where(f"{REASON} IS NOT NULL").groupBy(REASON).count()
    return {row[REASON]: row["count"] for row in gone.orderBy(REASON).collect()}


def with_reason(lake: Lake, profile: Profile, pairs: "DataFrame", month: date) -> "DataFrame":
    """Add to pairs the reason why a pair is not forecast in a month.

    Args:
        lake: the lake that has the lists of closed shops and delisted items.
        profile: the lake's profile; only lists that the profile declares are read.
        pairs: ``[shop_id, item_id, …]``, aliases resolved.
        month: target month.

    Returns:
        The columns of ``pairs`` and ``reason``, STRING; null: the pair is forecast.
    """
    from pyspark.sql import functions as F

    reasons, reasoned = [], pairs
    for withdrawal in WITHDRAWALS:
        if withdrawal.source.name not in profile.inputs:
            continue
        listed = last_days(pairs.sparkSession, lake, withdrawal)
        gone = listed.where(F.col(withdrawal.ends_on) < F.lit(month))
        name = f"{REASON}_{withdrawal.source.name}"
        ids = gone.select(withdrawal.key, F.lit(withdrawal.reason).alias(name))
        reasoned = reasoned.join(F.broadcast(ids), on=withdrawal.key, how="left")
        reasons.append(name)
    reason = F.coalesce(*reasons) if reasons else F.lit(None).cast("string")
    return reasoned.select(*pairs.columns, reason.alias(REASON))


def last_days(spark: "SparkSession", lake: Lake, withdrawal: Withdrawal) -> "DataFrame":
    """Read the last day of every shop or item in a withdrawal list.

    Returns:
        ``[key, ends_on]``, unique on the key, with shop aliases resolved. A shop that the list has
        under several aliases ends on the latest of the days; null: at least one row of the key has
        no last day, so the key does not end.
    """
    from pyspark.sql import functions as F

    key, ends_on = withdrawal.key, withdrawal.ends_on
    listed = rows.read(spark, lake, withdrawal.source.table).select(key, ends_on)
    if key == SHOP:
        aliases = rows.read(spark, lake, SHOPS).where("alias_of IS NOT NULL")
        own = aliases.select(SHOP, "alias_of")
        named = listed.join(F.broadcast(own), on=SHOP, how="left")
        listed = named.select(F.coalesce("alias_of", SHOP).alias(SHOP), ends_on)
    last = F.when(F.count("*") == F.count(ends_on), F.max(ends_on))
    return listed.groupBy(key).agg(last.alias(ends_on))
