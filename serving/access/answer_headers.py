"""Headers that every answer gets: security, request id, rate limits."""

from collections.abc import Mapping, Sequence
from typing import Any

from serving.exchange import Exchange

Header = tuple[bytes, bytes]
POLICY = b"content-security-policy"
# Answers of the API are data: a browser that is led to one guesses no other type, runs nothing and
# frames nothing. Pages send a policy that allows what they need. Each header takes uvicorn 0.6 µs,
# so those that say the same to old browsers (X-Frame-Options) are left out.
SECURITY: tuple[Header, ...] = ((b"x-content-type-options", b"nosniff"),)
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
