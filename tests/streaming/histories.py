"""Random histories of a retailer's days, as the messages that Kafka would carry."""

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

Message = tuple[str, bytes | None]
SALES, CATALOGUE = "daily-sales", "catalogue"
FIRST, DAYS = date(2015, 1, 1), 118
SHOPS, ITEMS = ("0", "5", "57", "6"), [str(i) for i in range(1, 9)]
# The first word is a shop's city, an item's franchise; what follows " - " a category's subtype.
CITIES, FRANCHISES = ("Riga Mall", "Oslo Mall"), ("Alpha One", "Beta One", "Beta Two")
CATEGORIES = {"5": "Games - PS3", "6": "Games", "7": "Music - CD"}
RUBBISH: tuple[bytes | None, ...] = (
    b"rubbish",
    b"[1, 2]",
    b"\xff\xfe",
    None,
    b"{}",
    b"x" * 1_000_000,
    json.dumps({"date": "2015-02-31", "shop_id": "5", "item_id": "1", "units": 1}).encode(),
    json.dumps({"date": "2015-02-01", "shop_id": "5", "item_id": "1", "units": [1]}).encode(),
    json.dumps({"date": "2015-02-01", "shop_id": "5", "item_id": "1", "units": 1e9}).encode(),
)


@dataclass
class History:
    """Sales with everything that happens to them, each message with a time of its own.

    Late, doubled, corrected, moved (to another item, shop, month), cancelled (also before they are
    seen, also a key's only sale) and returned sales, shop-days delivered again as a whole; shops
    and items that the catalogue learns later, shops that change city, items that change category
    and franchise, and rubbish.
    """

    seed: int
    sales: int = 60
    messages: list[Message] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self._clock = datetime(2016, 1, 1, tzinfo=UTC)
        for number in range(self.sales):
            self._sale(f"sale-{number}" if number % 3 else None)
        for _ in range(self.sales // 8):
            self._replace()
        for item in self._random.sample(ITEMS, 4):
            self._catalogue("items", [self._item(item) for _ in range(2)])
        for shop in self._random.sample(SHOPS, 2):
            self._catalogue("shops", [{"shop_id": shop, "name": name} for name in CITIES])
        self.messages += [(SALES, value) for value in RUBBISH]
        self.messages.append((CATALOGUE, b"no catalogue"))
        self._random.shuffle(self.messages)

    def _time(self) -> str:
        self._clock += timedelta(seconds=self._random.randint(1, 90))
        return self._clock.isoformat()

    def _fields(self, sale_id: str | None) -> dict[str, Any]:
        chosen = self._random
        day = FIRST + timedelta(chosen.randrange(DAYS))
        fields = {
            "date": day.isoformat(),
            "shop_id": chosen.choice(SHOPS),
            "item_id": chosen.choice(ITEMS),
            "units": chosen.choice([1, 2, "1.5", -1, 0]),
            "price": chosen.choice(["9.99", 250, None]),
            "updated_at": self._time(),
            "till": chosen.randrange(9),
        }
        return fields | ({"sale_id": sale_id} if sale_id else {})

    def _sale(self, sale_id: str | None) -> None:
        first = self._fields(sale_id)
        self._say(first)
        what = self._random.randrange(7) if sale_id else 0
        if what == 1:
            self._say({**first, "units": 7, "updated_at": self._time()})
        elif what == 2:
            moved = self._fields(sale_id)
            self._say(moved)
        elif what in (3, 4):
            self._say({"op": "cancel", "sale_id": sale_id, "updated_at": self._time()})
        elif what == 5:
            self._say({"op": "cancel", "sale_id": sale_id, "updated_at": self._time()})
            self._say({**first, "units": 3, "updated_at": self._time()})
        elif what == 6:
            self._say(first)

    def _replace(self) -> None:
        """Deliver a shop-day of some sale again, with other lines, or with one that is broken."""
        known = [json.loads(value or b"") for topic, value in self.messages if topic == SALES]
        day = self._random.choice([sale for sale in known if "date" in sale])
        lines = [{**self._fields(None), "units": n} for n in range(1, self._random.randint(1, 4))]
        kept = [{name: line[name] for name in ("item_id", "units", "price")} for line in lines]
        broken = [{"item_id": "1", "units": "many"}] if not self._random.randrange(5) else []
        whole = {"shop_id": day["shop_id"], "date": day["date"], "updated_at": self._time()}
        self._say({"op": "replace", **whole, "lines": kept + broken})

    def _item(self, item: str) -> dict[str, str]:
        category, name = self._random.choice([*CATEGORIES.items()])
        about = {"category_id": category, "category_name": name}
        return {"item_id": item, "name": self._random.choice(FRANCHISES), **about}

    def _catalogue(self, kind: str, records: Sequence[dict[str, str]]) -> None:
        """Tell what a shop or item is, and perhaps later that it is another."""
        for record in records[: self._random.randint(1, 2)]:
            value = {kind: [record], "updated_at": self._time()}
            self.messages.append((CATALOGUE, json.dumps(value).encode()))

    def _say(self, fields: dict[str, Any]) -> None:
        self.messages.append((SALES, json.dumps(fields).encode()))

    def batches(self, count: int) -> list[list[Message]]:
        """Cut the history into so many batches of random sizes."""
        cuts = sorted(self._random.randrange(len(self.messages)) for _ in range(count - 1))
        bounds = [0, *cuts, len(self.messages)]
        return [self.messages[a:b] for a, b in pairwise(bounds)]
