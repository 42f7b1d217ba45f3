"""Pages of search results: shops and items by name or id."""

from collections.abc import Sequence
from http import HTTPStatus

from serving.lookup.columns import Columns
from serving.lookup.shop_pages import Cursor
from serving.lookup.shops import Shops
from serving.page.catalogue import Catalogue, fold, search
from serving.page.schemas import ItemEntries, ItemEntry, SearchQuestion, ShopName, ShopNames
from serving.problems import BAD_QUESTION, Problem, ProblemError


def shop_results(shops: Shops, question: SearchQuestion, version: str) -> ShopNames:
    """Return a page of the shops that match; a shop is found by its other ids, too."""
    others: dict[str, list[str]] = {}
    for alias, shop_id in shops.aliases.items():
        others.setdefault(shop_id, []).append(f"{alias} {shops.names.get(alias, '')}")
    own = sorted(shops.ids - set(shops.aliases))
    texts = (
        (shop, fold(" ".join([shop, shops.names.get(shop, ""), *others.get(shop, [])])))
        for shop in own
    )
    page, following = page_of(search(texts, question.q), question, version)
    return ShopNames(
        shops=[ShopName(shop_id=shop, name=shops.names.get(shop)) for shop in page],
        next=following,
    )


def item_results(
    catalogue: Catalogue, items: Sequence[str], question: SearchQuestion, version: str
) -> ItemEntries:
    """Return a page of the items that match.

    Args:
        catalogue: names of items.
        items: the items to search.
        question: query and page.
        version: served version, which cursors name.
    """
    texts = ((item_id, catalogue.text_of(item_id)) for item_id in items)
    page, following = page_of(search(texts, question.q), question, version)
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


def page_of(
    results: Sequence[str], question: SearchQuestion, version: str
) -> tuple[Sequence[str], str | None]:
    """Return the results behind a cursor, and the cursor of the next page; None: the last page.

    Raises:
        ProblemError: the cursor's result is not among the results (status 422).
    """
    first = 0
    if question.cursor is not None:
        last = Cursor.read(question.cursor).item_id
        if last not in results:
            raise lost_cursor(last)
        first = results.index(last) + 1
    page = results[first : first + question.limit]
    is_last = first + question.limit >= len(results)
    return page, None if is_last else Cursor(version, page[-1]).text()


def lost_cursor(last: str) -> ProblemError:
    """Build the error of a cursor that belongs to other results, status 422."""
    detail = f"cursor: '{last}' is not among the results; begin at the first page."
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    title = "The question is not valid"
    return ProblemError(Problem(type=BAD_QUESTION, title=title, status=status, detail=detail))
