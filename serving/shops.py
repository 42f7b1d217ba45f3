"""The shops' names, and which shop an id stands for."""

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa

COLUMNS = ("shop_id", "name", "alias_of")


@dataclass(frozen=True)
class Shops:
    """The shops known, and names and aliases by shop id."""

    names: Mapping[str, str]
    aliases: Mapping[str, str]
    ids: frozenset[str] = frozenset()

    @classmethod
    def of(cls, rows: pa.Table) -> "Shops":
        """Take the shops from rows of silver.shops: ``COLUMNS``, one per shop_id, in any order."""
        shops = sorted(rows.select(COLUMNS).to_pylist(), key=lambda shop: str(shop["shop_id"]))
        return cls(
            names={s["shop_id"]: s["name"] for s in shops if s["name"] is not None},
            aliases={s["shop_id"]: s["alias_of"] for s in shops if s["alias_of"] is not None},
            ids=frozenset(s["shop_id"] for s in shops),
        )

    def resolve(self, shop_id: str) -> str:
        """Return the shop that an id stands for: one step, as the jobs resolve it."""
        return self.aliases.get(shop_id, shop_id)
