"""JSON answers about one pair, joined from texts that were rendered when the version was built."""

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus

import orjson

from serving.lookup.columns import Columns
from serving.lookup.view import View
from serving.problems import NOT_FORECAST, Problem, ProblemError


@dataclass(frozen=True)
class Asked:
    """The pair and month that a request names.

    Attributes:
        shop_id: shop, or another name of one.
        item_id: item.
        month: target month, YYYY-MM; None: all months.
    """

    shop_id: str
    item_id: str
    month: str | None = None


def find_rows(view: View, columns: Columns, asked: Asked) -> Sequence[int]:
    """Return the rows of a pair's forecasts, by month.

    Raises:
        ProblemError: the version has no such forecast (status 404); names what is unknown.
    """
    shop_id = view.snapshot.shops.resolve(asked.shop_id)
    rows = columns.rows_of(shop_id, asked.item_id)
    if not rows:
        raise unknown_pair(view, columns, asked)
    if asked.month is None:
        return rows
    of_month = [row for row in rows if f"{columns.kind_of(row).month:%Y-%m}" == asked.month]
    if not of_month:
        months = ", ".join(f"{columns.kind_of(row).month:%Y-%m}" for row in rows)
        raise not_forecast(
            ["month"], f"Month {asked.month} is not forecast; the pair has {months}."
        )
    return of_month


def pair_body(view: View, columns: Columns, asked: Asked, rows: Sequence[int]) -> bytes:
    """Render the answer about a pair (``Prediction``)."""
    shop_id = view.snapshot.shops.resolve(asked.shop_id)
    overrides = view.snapshot.overrides.texts_of(columns, (shop_id, asked.item_id), rows)
    shop_asked, item = orjson.dumps(asked.shop_id), orjson.dumps(asked.item_id)
    return b"".join(
        (
            b'{"asked":{"shop_id":',
            shop_asked,
            b',"item_id":',
            item,
            b"},",
            view.shop_text(shop_id),
            b'"item_id":',
            item,
            b",",
            view.provenance,
            b'"forecasts":[',
            columns.text_of(rows, overrides),
            b"]}",
        )
    )


def unknown_pair(view: View, columns: Columns, asked: Asked) -> ProblemError:
    """Build the error for a pair without forecasts: shop, item or only the pair is unknown."""
    shops, version = view.snapshot.shops, view.snapshot.version.version
    shop_id = shops.resolve(asked.shop_id)
    shop, item = f"shop '{asked.shop_id}'", f"item '{asked.item_id}'"
    if shop_id != asked.shop_id:
        shop += f" (another name of '{shop_id}')"
    unknown = unknown_fields(columns, shop_id, asked.item_id)
    forecasts = f"the forecasts of version {version}"
    if unknown == ["pair"]:
        return not_forecast(unknown, f"{shop} and {item} are no pair of {forecasts}.")
    if "shop_id" in unknown and shop_id in shops.ids:
        other = f"; {item} is unknown to it" if "item_id" in unknown else ""
        detail = (
            f"{shop} is a known shop, but not in {forecasts}: a shop that sold nothing lately or "
            f"has closed is not in the assortment{other}."
        )
        return not_forecast(unknown, detail)
    names = {"shop_id": shop, "item_id": item}
    who = " and ".join(names[name] for name in unknown)
    return not_forecast(unknown, f"{who}: unknown to {forecasts}.")


def unknown_fields(columns: Columns, shop_id: str, item_id: str) -> list[str]:
    """List what of a pair without forecasts is unknown: shop_id, item_id or both, or the pair."""
    is_known = {"shop_id": columns.has_shop(shop_id), "item_id": columns.has_item(item_id)}
    return [name for name, known in is_known.items() if not known] or ["pair"]


def not_forecast(unknown: list[str], detail: str) -> ProblemError:
    """Build the problem document of a missing forecast, status 404."""
    return ProblemError(
        Problem(
            type=NOT_FORECAST,
            title="No such forecast",
            status=HTTPStatus.NOT_FOUND,
            detail=detail[0].upper() + detail[1:],
            unknown=unknown,
        )
    )
