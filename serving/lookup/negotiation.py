"""Content negotiation (RFC 9110, 12.5.1): which representation a client accepts."""

from collections.abc import Sequence
from contextlib import suppress
from http import HTTPStatus

from serving.problems import Problem, ProblemError, phrase_of

ANY = "*/*"


def choose_media_type(accept: str | None, offered: Sequence[str]) -> str:
    """Choose the media type that a client likes best.

    Args:
        accept: the request's Accept header; None: any media type.
        offered: media types, the usual one first; among equally liked ones the first is chosen.

    Raises:
        ProblemError: the client accepts none of them (status 406); names the media types.
    """
    if accept is None or accept == ANY:
        return offered[0]
    likings = read_accept(accept)
    best = max(offered, key=lambda media_type: liking_of(media_type, likings))
    if not liking_of(best, likings):
        status = HTTPStatus.NOT_ACCEPTABLE
        detail = f"Accept: {accept!r} allows none of {', '.join(offered)}."
        raise ProblemError(Problem(title=phrase_of(status), status=status, detail=detail))
    return best


def read_accept(accept: str) -> dict[str, float]:
    """Read an Accept header: media range → quality, 0 to 1."""
    likings = {}
    for entry in accept.lower().split(","):
        media_range, *parameters = (part.strip() for part in entry.split(";"))
        quality = 1.0
        for parameter in parameters:
            name, _, value = parameter.partition("=")
            if name.strip() == "q":
                with suppress(ValueError):
                    quality = float(value)
        likings[media_range] = quality
    return likings


def liking_of(media_type: str, likings: dict[str, float]) -> float:
    """Return the quality of the most specific range that a media type is in; 0: none."""
    group = media_type.partition("/")[0]
    ranges = (media_type, f"{group}/*", ANY)
    return next((likings[each] for each in ranges if each in likings), 0.0)
