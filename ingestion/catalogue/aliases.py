"""Shop aliases (silver.shops): the shop that each alias stands for."""

from lakehouse.delta import log
from lakehouse.delta.arrow import read_table
from lakehouse.lake import Lake
from lakehouse.tables.silver import SHOPS


def read_aliases(lake: Lake) -> dict[str, str]:
    """Read the shop that each alias stands for from silver.shops; a missing table has none."""
    if not log.exists(lake, SHOPS):
        return {}
    shops = read_table(lake, SHOPS, ["shop_id", "alias_of"], [("alias_of", "is null", False)])
    return dict(zip(shops["shop_id"].to_pylist(), shops["alias_of"].to_pylist(), strict=True))
