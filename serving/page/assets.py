"""Files of the page: read and compressed once, HTML with the words of each language."""

import gzip
import hashlib
import html
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

FOLDER = Path(__file__).parent / "static"
MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
}
# Parts that every page contains; their words are of the page's language.
PARTS = ("head", "header", "footer")
PLACE = re.compile(r"\{\{([\w.]+)\}\}")


@dataclass(frozen=True)
class Asset:
    """A file as it is sent."""

    content: bytes
    media_type: str

    @cached_property
    def compressed(self) -> bytes:
        """The content, compressed with gzip."""
        return gzip.compress(self.content, 9, mtime=0)

    @cached_property
    def etag(self) -> str:
        """The entity tag of the content, as RFC 9110 quotes it, without the quotes."""
        return hashlib.sha256(self.content).hexdigest()[:16]


@dataclass(frozen=True)
class Assets:
    """The files of the page.

    Attributes:
        files: path below /static → file.
        pages: (page, language) → HTML.
        languages: languages that have words, the default first.
    """

    files: Mapping[str, Asset]
    pages: Mapping[tuple[str, str], Asset]
    languages: tuple[str, ...]


def read_assets(folder: Path = FOLDER, default: str = "en") -> Assets:
    """Read the files of the page.

    Args:
        folder: has HTML with ``{{key}}`` where words belong, and ``words/<language>.json``.
        default: language of a page where a browser asks for no language that has words.
    """
    words = {path.stem: json.loads(path.read_text("utf-8")) for path in folder.glob("words/*.json")}
    languages = (default, *sorted(words.keys() - {default}))
    names = {language: words[language]["language.name"] for language in languages}
    files = {
        path.relative_to(folder).as_posix(): Asset(path.read_bytes(), MEDIA_TYPES[path.suffix])
        for path in sorted(folder.rglob("*"))
        if path.suffix in MEDIA_TYPES and path.suffix != ".html"
    }
    pages = {
        (page, language): render_page(folder, page, words[language], (language, names))
        for page in ("index", "status")
        for language in languages
    }
    return Assets(files, pages, languages)


def render_page(
    folder: Path, page: str, words: Mapping[str, str], chosen: tuple[str, Mapping[str, str]]
) -> Asset:
    """Put the words of a language into a page.

    Args:
        folder: has the page and ``PARTS``.
        page: name of the page.
        words: key → text.
        chosen: the language, and the name of every language.
    """
    language, names = chosen
    values = {key: html.escape(text) for key, text in words.items()}
    values["lang"] = language
    values["languages"] = "".join(
        f'<option value="{key}" lang="{key}">{html.escape(name)}</option>'
        for key, name in names.items()
    )
    for name in PARTS:
        values[name] = fill((folder / f"{name}.html").read_text("utf-8"), values)
    text = fill((folder / f"{page}.html").read_text("utf-8"), values)
    return Asset(text.encode(), MEDIA_TYPES[".html"])


def fill(template: str, values: Mapping[str, str]) -> str:
    """Replace each ``{{key}}`` of a template by its value."""
    return PLACE.sub(lambda place: values[place[1]], template)
