"""What is known of a shop, from which its history and its summary are joined."""

from dataclasses import dataclass

from serving.lookup.columns import Columns
from serving.page.catalogue import Catalogue
from serving.page.shop_past import ShopPast


@dataclass(frozen=True)
class KnownShop:
    """Forecasts, past and names.

    Attributes:
        shop_id: shop, aliases resolved.
        columns: forecasts of the served version, with those asked for.
        past: closed months of the shop.
        catalogue: names of items.
    """

    shop_id: str
    columns: Columns
    past: ShopPast
    catalogue: Catalogue
