"""HTTP caching (RFC 9110, 9111) of answers that depend only on the snapshot."""

from collections.abc import Mapping


def headers(tag: str, refresh_seconds: float) -> Mapping[str, str]:
    """Return the caching headers of an answer.

    Only the client's own cache may keep an answer, for at most one refresh interval: this process
    may be as far behind the lake.

    Args:
        tag: tag of the snapshot that the answer was made from.
        refresh_seconds: refresh interval, seconds.
    """
    return {"ETag": f'"{tag}"', "Cache-Control": f"private, max-age={int(refresh_seconds)}"}


def is_current(if_none_match: str | None, tag: str) -> bool:
    """Return whether the client already has the current answer.

    Args:
        if_none_match: the request's If-None-Match header; None: the request has no such header.
        tag: tag of the current snapshot.
    """
    if if_none_match is None:
        return False
    known = {entry.strip().removeprefix("W/") for entry in if_none_match.split(",")}
    return not known.isdisjoint({"*", f'"{tag}"'})
