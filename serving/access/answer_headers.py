"""Headers that every answer gets: security, request id, rate limits."""

from collections.abc import Mapping, Sequence
from typing import Any

from serving.exchange import Exchange

Header = tuple[bytes, bytes]
POLICY = b"content-security-policy"
# Answers of the API are data: a browser that shows one runs and embeds nothing. A page sends a
# policy that allows what the page needs.
CLOSED: Header = (POLICY, b"default-src 'none'; frame-ancestors 'none'")
SECURITY: tuple[Header, ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
# Only TLS makes the promise of TLS; browsers ignore the header elsewhere.
STRICT_TRANSPORT: Header = (b"strict-transport-security", b"max-age=31536000")


def add_headers(
    headers: Sequence[Header],
    scope: Mapping[str, Any],
    exchange: Exchange,
    limits: Sequence[Header],
) -> list[Header]:
    """Return the headers of an answer with those that every answer gets."""
    added = [*headers, *SECURITY, (b"x-request-id", exchange.request_id.encode("latin-1"))]
    names = [name for name, _ in headers]
    if POLICY not in names:
        added.append(CLOSED)
    if scope.get("scheme") == "https":
        added.append(STRICT_TRANSPORT)
    if limits and limits[0][0] not in names:
        added += limits
    return added
