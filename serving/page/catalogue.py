"""Names of shops and items, and the search in them."""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from lakehouse.delta import log
from lakehouse.delta.arrow import read_table
from lakehouse.lake import Lake
from lakehouse.tables.silver import ITEMS


@dataclass(frozen=True)
class ItemName:
    """Names of an item and of its category; None: not known."""

    name: str | None = None
    category: str | None = None


UNNAMED = ItemName()


@dataclass(frozen=True)
class Catalogue:
    """The items that a list or message names, by id."""

    items: Mapping[str, ItemName]

    @cached_property
    def folded(self) -> Mapping[str, str]:
        """Item id → what a search compares: id and name without case and accents."""
        return {
            item_id: fold(f"{item_id} {item.name or ''}") for item_id, item in self.items.items()
        }

    def name_of(self, item_id: str) -> ItemName:
        """Return the names of an item."""
        return self.items.get(item_id, UNNAMED)

    def text_of(self, item_id: str) -> str:
        """Return what a search compares of an item, known or not."""
        return self.folded.get(item_id) or fold(item_id)


def read_catalogue(lake: Lake) -> Catalogue:
    """Read the names of all items; empty: no list of items was taken in."""
    if not log.exists(lake, ITEMS):
        return Catalogue({})
    rows = read_table(lake, ITEMS, ("item_id", "name", "category_name"))
    columns = (rows[name].to_pylist() for name in ("item_id", "name", "category_name"))
    return Catalogue(
        {i: ItemName(name, category) for i, name, category in zip(*columns, strict=True)}
    )


def fold(text: str) -> str:
    """Return a text without case and accents: Ё and е, É and e are the same."""
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in parts if not unicodedata.combining(letter))


def search(texts: Iterable[tuple[str, str]], query: str) -> Sequence[str]:
    """Return the ids whose texts contain every word of a query, the nearest first.

    Args:
        texts: (id, folded text) pairs.
        query: words in any order; empty: all ids.

    Returns:
        The id itself first, then texts in which a word begins with the query, then other texts;
        each in the order of their texts.
    """
    asked = fold(query).strip()
    words = asked.split()
    hits = [(text, key) for key, text in texts if all(word in text for word in words)]
    return [key for _, _, key in sorted((rank(text, key, asked), text, key) for text, key in hits)]


def rank(text: str, key: str, asked: str) -> int:
    """Return how far a text is from a query: 0 is nearest."""
    if asked and fold(key) == asked:
        return 0
    return 1 if f" {text}".find(f" {asked}") >= 0 else 2
