"""A shop's forecasts in pages, by item; every page of one walk is of the same version."""

import base64
import binascii
from bisect import bisect_right
from dataclasses import dataclass
from http import HTTPStatus

import orjson

from serving.lookup.columns import Columns
from serving.lookup.view import View
from serving.problems import BAD_QUESTION, Problem, ProblemError


@dataclass(frozen=True)
class Cursor:
    """Where a page ends.

    Attributes:
        version: version of the pages.
        item_id: the last item of the page.
    """

    version: str
    item_id: str

    def text(self) -> str:
        """Write the cursor as clients pass it back."""
        return base64.urlsafe_b64encode(orjson.dumps([self.version, self.item_id])).decode()

    @classmethod
    def read(cls, text: str) -> "Cursor":
        """Read a cursor that a client passes back.

        Raises:
            ProblemError: the text is no cursor (status 422).
        """
        try:
            version, item_id = orjson.loads(base64.b64decode(text, b"-_", validate=True))
            if isinstance(version, str) and isinstance(item_id, str):
                return cls(version, item_id)
        except (binascii.Error, ValueError, TypeError):
            pass
        raise ProblemError(
            Problem(
                type=BAD_QUESTION,
                title="The question is not valid",
                status=HTTPStatus.UNPROCESSABLE_ENTITY,
                detail=f"cursor: '{text}' is no cursor; pass on `next` of the page before.",
            )
        )


@dataclass(frozen=True)
class Page:
    """A page of a shop's forecasts.

    Attributes:
        shop_id: shop, aliases resolved.
        month: target month, YYYY-MM; None: all months.
        limit: most items.
        after: the last item of the page before; None: the first page.
    """

    shop_id: str
    month: str | None
    limit: int
    after: str | None


def page_body(view: View, columns: Columns, page: Page) -> tuple[bytes, str | None]:
    """Render a page (``ShopPage``); items without a forecast of the month are left out.

    Returns:
        The JSON object, and the cursor of the next page; None: this is the last page.
    """
    places = places_after(columns, page)
    starts, pairs = columns.arrays["starts"], columns.arrays["pairs"]
    overrides = view.snapshot.overrides
    items: list[bytes] = []
    last = None
    for place in places:
        rows = rows_of_month(columns, range(starts[place], starts[place + 1]), page.month)
        if not rows:
            continue
        if len(items) == page.limit:
            break
        last = columns.items[int(pairs[place]) % len(columns.items)]
        texts = columns.text_of(rows, overrides.texts_of(columns, (page.shop_id, last), rows))
        items.append(b'{"item_id":%s,"forecasts":[%s]}' % (orjson.dumps(last), texts))
    else:
        last = None
    following = None if last is None else Cursor(view.snapshot.version.version, last).text()
    body = (
        b"{",
        view.shop_text(page.shop_id),
        view.provenance,
        b'"items":[',
        b",".join(items),
        b'],"next":',
        orjson.dumps(following),
        b"}",
    )
    return b"".join(body), following


def places_after(columns: Columns, page: Page) -> range:
    """Return the places of a shop's pairs behind the page before."""
    places = columns.pairs_of_shop(page.shop_id)
    if page.after is None or not places:
        return places
    item = bisect_right(columns.items, page.after)
    number = columns.shop_numbers[page.shop_id] * len(columns.items) + item
    pairs = columns.arrays["pairs"][places.start : places.stop]
    return range(places.start + int(pairs.searchsorted(number)), places.stop)


def rows_of_month(columns: Columns, rows: range, month: str | None) -> list[int]:
    """Keep the rows of a month, YYYY-MM; None: all rows."""
    return [row for row in rows if month is None or f"{columns.kind_of(row).month:%Y-%m}" == month]
