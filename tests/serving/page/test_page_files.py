"""The page's files: small, in every language, under a strict policy."""

import json
import re

import pytest
from asking import Client

from serving.page import assets
from serving.page.assets import FOLDER, read_assets
from serving.page.languages import choose_language

ASSETS = read_assets()
WORDS = {path.stem: path for path in FOLDER.glob("words/*.json")}
PLACE = re.compile(r"\{\w+\}")
MOST_BYTES = 100 * 1024


def words(language: str) -> dict[str, str]:
    found: dict[str, str] = json.loads(WORDS[language].read_text("utf-8"))
    return found


def scripts() -> str:
    return "".join(path.read_text("utf-8") for path in FOLDER.glob("*.[jh]*"))


def test_all_that_a_browser_loads_is_at_most_100_kilobytes() -> None:
    one_page = [ASSETS.pages["index", "en"], *ASSETS.files.values()]
    assert sum(len(file.compressed) for file in one_page) <= MOST_BYTES


@pytest.mark.parametrize("language", sorted(WORDS.keys() - {"en"}))
def test_every_language_has_the_same_words(language: str) -> None:
    english, other = words("en"), words(language)
    assert other.keys() == english.keys()
    for key, text in english.items():
        assert set(PLACE.findall(other[key])) == set(PLACE.findall(text)), key


def test_every_word_that_a_script_or_page_names_exists() -> None:
    named = set(re.findall(r'(?:say|title|text: say)\("([\w.]+)"', scripts()))
    named |= set(re.findall(r"\{\{([\w.]+)\}\}", scripts())) - {"lang", "languages", *assets.PARTS}
    assert named - words("en").keys() == set()


def test_no_html_has_scripts_or_styles_of_its_own() -> None:
    for page in ASSETS.pages.values():
        text = page.content.decode()
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\bstyle=|\bon\w+=", text)
        assert not re.search(r"https?://", text)


@pytest.mark.parametrize(
    ("chosen", "accepted", "language"),
    [
        (None, None, "en"),
        (None, "fr-CA,fr;q=0.9,en;q=0.8", "fr"),
        (None, "de, en;q=0.5, fr;q=0.7", "fr"),
        (None, "fr;q=0", "en"),
        (None, "fr;q=much", "en"),
        ("en", "fr", "en"),
        ("xx", "fr", "fr"),
    ],
)
def test_a_language_is_chosen(chosen: str | None, accepted: str | None, language: str) -> None:
    assert choose_language(("en", "fr"), chosen, accepted) == language


@pytest.mark.parametrize("path", ["/", "/status", "/static/planner.js", "/static/words/fr.json"])
def test_a_file_is_compressed_revalidated_and_under_a_strict_policy(
    client: Client, path: str
) -> None:
    answer = client.get(path, headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    tag = answer.headers["ETag"]
    again = client.get(path, headers={"If-None-Match": tag, "Accept-Encoding": "gzip"})
    assert (again.status_code, again.content) == (304, b"")
    plain = client.get(path, headers={"Accept-Encoding": "identity"})
    assert plain.content == answer.content
    assert plain.headers["ETag"] != tag


def test_only_files_of_the_page_are_sent(client: Client) -> None:
    for path in ("/static/..%2Fassets.py", "/static/index.html", "/static/none.js"):
        assert client.get(path).status_code == 404
