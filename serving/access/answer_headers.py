"""Headers that every answer gets: security, request id, rate limits."""

from collections.abc import Mapping, Sequence
from typing import Any

from serving.exchange import Exchange

Header = tuple[bytes, bytes]
POLICY = b"content-security-policy"
SECURITY: tuple[Header, ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
# Answers of the API are data: a browser that shows one runs and embeds nothing. A page sends a
# policy that allows what the page needs.
CLOSED: tuple[Header, ...] = (
    *SECURITY,
    (POLICY, b"default-src 'none'; frame-ancestors 'none'"),
)
# Browsers ignore this header but over TLS.
STRICT_TRANSPORT: Header = (b"strict-transport-security", b"max-age=31536000")


def add_headers(
    headers: Sequence[Header],
    scope: Mapping[str, Any],
    exchange: Exchange,
    limits: Sequence[Header],
) -> list[Header]:
    """Return the headers of an answer with those that every answer gets.

    Args:
        headers: of the answer so far.
        scope: of the request.
        exchange: of the request.
        limits: headers of the caller's rate.
    """
    security = SECURITY if POLICY in dict(headers) else CLOSED
    request_id = (b"x-request-id", exchange.request_id.encode())
    added = [*headers, *security, request_id, *limits]
    if scope.get("scheme") == "https":
        added.append(STRICT_TRANSPORT)
    return added
