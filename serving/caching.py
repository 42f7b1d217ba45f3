"""HTTP caching of answers that change with the snapshot alone (RFC 9110, 9111)."""

from collections.abc import Mapping


def headers(tag: str, refresh_seconds: float) -> Mapping[str, str]:
    """Return the headers of an answer made from the snapshot of a tag.

    A cache may be behind by one refresh, as this process may be; forecasts are for the asker alone.
    """
    return {"ETag": f'"{tag}"', "Cache-Control": f"private, max-age={int(refresh_seconds)}"}


def is_current(if_none_match: str | None, tag: str) -> bool:
    """Say whether the asker has the present answer already, by its If-None-Match header."""
    if if_none_match is None:
        return False
    known = {entry.strip().removeprefix("W/") for entry in if_none_match.split(",")}
    return not known.isdisjoint({"*", f'"{tag}"'})
