"""HEAD: the headers of GET without its body, on every path that has GET (RFC 9110, 9.3.2)."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Here HEAD says how much of an upload the server has; that route is declared by the uploads.
OWN_ROUTES = ("/update_data/",)


class Heads:
    """Middleware that answers HEAD as GET, body apart."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; one for the header alone as GET."""
        is_head = scope["type"] == "http" and scope["method"] == "HEAD"
        if not is_head or scope["path"].startswith(OWN_ROUTES):
            await self._app(scope, receive, send)
            return

        async def send_header(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        asked = {**scope, "method": "GET"}
        try:
            await self._app(asked, receive, send_header)
        finally:
            scope["route"] = asked.get("route")  # for the metrics of routes
