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
        """Return columns with all forecasts of a pair, and with every other pair of both if few."""
        ...

    async def find_many(self, pairs: Sequence[tuple[str, str]]) -> Columns:
        """Return columns with all forecasts of pairs (shop_id, item_id)."""
        ...

    async def find_shop(self, shop_id: str) -> Columns:
        """Return columns with all forecasts of a shop."""
        ...
