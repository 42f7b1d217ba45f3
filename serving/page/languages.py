"""Choice of a language: the cookie that the page's switch sets, then the browser's wishes."""

from collections.abc import Sequence

COOKIE = "language"


def choose_language(offered: Sequence[str], chosen: str | None, accepted: str | None) -> str:
    """Return the language of a page.

    Args:
        offered: languages that have words, the default first.
        chosen: the language that the page's switch set; None: not used yet.
        accepted: the header Accept-Language; None: not sent.
    """
    if chosen is not None and chosen in offered:
        return chosen
    wishes = [wish(entry) for entry in (accepted or "").split(",")]
    for quality, language in sorted(wishes, key=lambda one: -one[0]):
        if quality > 0 and language in offered:
            return language
    return offered[0]


def wish(entry: str) -> tuple[float, str]:
    """Return the quality and the language of an entry such as ``fr-CA;q=0.8``."""
    tag, _, parameter = entry.strip().partition(";")
    try:
        quality = float(parameter.strip().removeprefix("q=") or 1)
    except ValueError:
        quality = 0
    return quality, tag.strip().split("-")[0].lower()
