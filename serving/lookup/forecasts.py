"""The forecasts of one version, wherever they are kept: what a lookup asks of a store."""

from collections.abc import Sequence
from typing import Protocol

from serving.lookup.columns import Columns


class Forecasts(Protocol):
    """The forecasts of one version.

    A store returns columns that hold at least the forecasts asked for; answers are rendered from
    the columns alone, so that two stores of one version give equal bytes. A store that queries
    rows builds the columns of its result: ``Columns.of(rows)``.
    """

    def __len__(self) -> int:
        """Count the forecasts of the version."""
        ...

    async def find(self, shop_id: str, item_id: str) -> Columns:
        """Return columns with all forecasts of a pair.

        The columns number the shop and the item if the version has forecasts of either, so that
        an answer can name what is unknown.
        """
        ...

    async def find_many(self, shop_ids: Sequence[str], item_ids: Sequence[str]) -> Columns:
        """Return columns with all forecasts of pairs.

        Args:
            shop_ids: ``[pair]`` the shop of each pair, aliases resolved.
            item_ids: ``[pair]`` the item of each pair.

        Returns:
            Columns that number those of the shops and items that the version has forecasts of.
        """
        ...

    async def find_shop(self, shop_id: str) -> Columns:
        """Return columns with all forecasts of a shop."""
        ...

    async def find_all(self) -> Columns:
        """Return columns with all forecasts of the version."""
        ...
