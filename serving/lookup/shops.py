"""Shop names and aliases: rows of silver.shops, indexed by shop id."""

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa

COLUMNS = ("shop_id", "name", "alias_of")


@dataclass(frozen=True)
class Shops:
    """The known shops.

    Attributes:
        names: shop_id → name; shops without a name are missing.
        aliases: alias → the shop_id that the alias stands for.
        ids: every shop_id, aliases included.
    """

    names: Mapping[str, str]
    aliases: Mapping[str, str]
    ids: frozenset[str] = frozenset()

    @classmethod
    def of(cls, rows: pa.Table) -> "Shops":
        """Index rows of silver.shops: ``COLUMNS``, unique shop_id, in any order."""
        shops = sorted(rows.select(COLUMNS).to_pylist(), key=lambda shop: str(shop["shop_id"]))
        return cls(
            names={s["shop_id"]: s["name"] for s in shops if s["name"] is not None},
            aliases={s["shop_id"]: s["alias_of"] for s in shops if s["alias_of"] is not None},
            ids=frozenset(s["shop_id"] for s in shops),
        )

    def resolve(self, shop_id: str) -> str:
        """Return the shop that an id stands for; resolve one step of aliases, as the jobs do."""
        return self.aliases.get(shop_id, shop_id)
