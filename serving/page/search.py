"""Pages of search results: shops and items by name or id."""

from collections.abc import Sequence

from serving.lookup.columns import Columns
from serving.lookup.shops import Shops
from serving.page.catalogue import Catalogue, fold, search
from serving.page.schemas import ItemEntries, ItemEntry, SearchQuestion, ShopName, ShopNames


def shop_results(shops: Shops, question: SearchQuestion) -> ShopNames:
    """Return a page of the shops that match; a shop is found by its other ids, too."""
    others: dict[str, list[str]] = {}
    for alias, shop_id in shops.aliases.items():
        others.setdefault(shop_id, []).append(f"{alias} {shops.names.get(alias, '')}")
    own = sorted(shops.ids - set(shops.aliases))
    texts = (
        (shop, fold(" ".join([shop, shops.names.get(shop, ""), *others.get(shop, [])])))
        for shop in own
    )
    page, following = page_of(search(texts, question.q), question)
    return ShopNames(
        shops=[ShopName(shop_id=shop, name=shops.names.get(shop)) for shop in page],
        next=following,
    )


def item_results(
    catalogue: Catalogue, items: Sequence[str], question: SearchQuestion
) -> ItemEntries:
    """Return a page of the items that match.

    Args:
        catalogue: names of items.
        items: the items to search.
        question: query and page.
    """
    texts = ((item_id, catalogue.text_of(item_id)) for item_id in items)
    page, following = page_of(search(texts, question.q), question)
    return ItemEntries(items=[entry_of(catalogue, item_id) for item_id in page], next=following)


def entry_of(catalogue: Catalogue, item_id: str) -> ItemEntry:
    """Return an item with its names."""
    item = catalogue.name_of(item_id)
    return ItemEntry(item_id=item_id, name=item.name, category_name=item.category)


def items_of_shop(columns: Columns, shop_id: str) -> list[str]:
    """Return the items that a shop has forecasts of."""
    places = columns.pairs_of_shop(shop_id)
    pairs = columns.arrays["pairs"][places.start : places.stop]
    return [columns.items[number] for number in (pairs % max(len(columns.items), 1)).tolist()]


def page_of(results: Sequence[str], question: SearchQuestion) -> tuple[Sequence[str], int | None]:
    """Return the results of a page, and the offset of the next page; None: the last page."""
    following = question.offset + question.limit
    page = results[question.offset : following]
    return page, following if following < len(results) else None
