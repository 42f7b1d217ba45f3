"""The short way of plain questions about a pair: answered before FastAPI looks for a route."""

import re

from starlette.datastructures import State as AppState
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from serving.exchange import Lookup, note_lookup
from serving.lookup.answers import Asked, pair_body
from serving.lookup.columns import Columns
from serving.lookup.responses import PlainResponse, is_current, unchanged
from serving.lookup.routes import router
from serving.lookup.views import Views

ROUTE = next(route for route in router.routes if getattr(route, "name", "") == "predict")
PATH = "/predict"
# A question without escapes, whose ids need no decoding.
PLAIN = re.compile(rb"shop_id=([!-$'-*,-:<>-~]+)&item_id=([!-$'-*,-:<>-~]+)")


class ShortWay:
    """Middleware that answers plain questions about a pair, in a third of FastAPI's time.

    Whatever is not plain (escapes, a month, an instant, an unknown pair, a key to check, nothing
    to serve) goes on to FastAPI; a test holds both ways to the same bytes.
    """

    def __init__(self, app: ASGIApp, state: AppState) -> None:
        self._app, self._state = app, state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass the request on."""
        if scope["type"] == "http" and scope["path"] == PATH and scope["method"] == "GET":
            response = answer_plainly(scope, self._state.views)
            if response is not None:
                await response(scope, receive, send)
                return
        await self._app(scope, receive, send)


def answer_plainly(scope: Scope, views: Views) -> Response | None:
    """Answer a plain question about a pair; None: FastAPI is to answer."""
    question = PLAIN.fullmatch(scope["query_string"])
    if question is None or not views.has_open_reads or not views.has_forecasts:
        return None
    view = views.served()
    snapshot = view.snapshot
    columns = snapshot.forecasts
    if not isinstance(columns, Columns):
        return None
    asked = Asked(question[1].decode(), question[2].decode())
    rows = columns.rows_of(snapshot.shops.resolve(asked.shop_id), asked.item_id)
    if not rows:
        return None
    scope["route"] = ROUTE  # for the metrics of routes
    rung, version = columns.kind_of(rows[0]).rung, snapshot.version.version
    note_lookup(scope, Lookup(rung, 1, version, asked.shop_id, asked.item_id))
    tags = next((value for name, value in scope["headers"] if name == b"if-none-match"), None)
    if tags is not None and is_current(tags.decode("latin-1"), view.json_etag):
        return unchanged(view.json_headers)
    return PlainResponse(pair_body(view, columns, asked, rows), view.json_headers)
