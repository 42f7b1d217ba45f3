"""Sentences that people read avoid phrases that have to be decoded (CONTRIBUTING.md lists them)."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from own_packages import PACKAGES, ROOT

BANNED = re.compile(
    r"\bdrawn up\b|\bcame of\b|\bbecomes of\b|\btold of\b|\btells\b|\bnobody\b|\bas far as\b"
    r"|\bof (?:its|their) own\b|\bis there\b|\bthe others\b",
    re.IGNORECASE,
)
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
MODULES = sorted(
    path for package in (*PACKAGES, "benchmarks") for path in (ROOT / package).rglob("*.py")
)
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef)


def docstrings(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, DOCUMENTED) and (text := ast.get_docstring(node)):
            yield text


@pytest.mark.parametrize("path", [*DOCUMENTS, *MODULES], ids=lambda p: str(p.relative_to(ROOT)))
def test_no_banned_phrase_is_in_a_document_or_a_module(path: Path) -> None:
    lines = enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
    assert [f"{path.name}:{number}: {line}" for number, line in lines if BANNED.search(line)] == []


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_no_docstring_begins_with_say(path: Path) -> None:
    assert [text for text in docstrings(path) if text.startswith("Say ")] == []


@pytest.mark.parametrize(
    "text", ["What Came of it.", "Each has a folder of its own.", "It is there"]
)
def test_a_banned_phrase_is_found_in_any_case(text: str) -> None:
    assert BANNED.search(text)
