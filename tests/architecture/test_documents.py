"""The documents name files, commands and steps that exist."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README, CONTRIBUTING = ROOT / "README.md", ROOT / "CONTRIBUTING.md"
DOCUMENTS = [README, CONTRIBUTING, *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"\]\(([^)\s]+)\)")
ELSEWHERE = re.compile(r"[a-z]+:|#")
# ``jobs.<step>`` stands for any.
STARTED = re.compile(r"python -m (\w+(?:\.\w+)*)(?!\w|\.<)(?: (\w+))?")
# In words and in commands, but not within a longer path or a pattern.
FILE = re.compile(r"(?<![\w/.<-])[a-z_]+(?:/[\w-]+)+\.(?:py|md|toml|json|csv)\b")
FOLDER = re.compile(r"`((?:[a-z_]+/)+)`")
STEP_TABLE = re.compile(r"^\| step \| does \|\n\|.*\n((?:\|.*\n)+)", re.MULTILINE)
STEP = re.compile(r"^\| `(\w+)` \|", re.MULTILINE)


def commands(package: str) -> set[str]:
    return {path.stem for path in (ROOT / package).glob("*.py") if path.stem[:2] != "__"}


def broken_links(text: str, folder: Path) -> list[str]:
    targets = [target for target in LINK.findall(text) if not ELSEWHERE.match(target)]
    return [target for target in targets if not (folder / target.partition("#")[0]).exists()]


def missing_modules(text: str) -> Iterator[str]:
    """What ``python -m`` would not find of our packages, or not among the commands of one."""
    for module, word in STARTED.findall(text):
        package, _, rest = module.partition(".")
        if not (ROOT / package).is_dir():
            continue
        path = ROOT.joinpath(*module.split("."))
        is_there = path.with_suffix(".py").is_file() or (path / "__main__.py").is_file()
        if not is_there or (package == "jobs" and rest not in commands("jobs")):
            yield module
        elif module == "streaming" and word and word not in commands("streaming"):
            yield f"{module} {word}"


def missing_paths(text: str) -> list[str]:
    named = [*FILE.findall(text), *FOLDER.findall(text)]
    return [path for path in named if not (ROOT / path).exists()]


def steps(text: str) -> list[str]:
    tables = STEP_TABLE.findall(text)
    assert len(tables) == 1, "the README has one table of steps"
    return STEP.findall(tables[0])


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_and_commands_of_a_document_exist(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    assert broken_links(text, document.parent) == []
    assert list(missing_modules(text)) == []


def test_paths_that_are_named_to_contributors_exist() -> None:
    text = CONTRIBUTING.read_text(encoding="utf-8")
    assert len(FILE.findall(text)) > 20
    assert missing_paths(text) == []


def test_the_table_of_steps_has_every_command_once() -> None:
    assert sorted(steps(README.read_text(encoding="utf-8"))) == sorted(commands("jobs"))


@pytest.mark.parametrize(
    ("text", "broken"),
    [
        ("[a](docs/gone.md) [b](README.md#steps)", ["docs/gone.md"]),
        ("![a picture\nof two lines](docs/gone.svg)", ["docs/gone.svg"]),
        ("[a](https://example.org/x) [b](#steps)", []),
    ],
)
def test_a_broken_link_is_found(text: str, broken: list[str]) -> None:
    assert broken_links(text, ROOT) == broken


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("python -m jobs.gone --lake L", ["jobs.gone"]),
        (".venv/bin/python -m jobs.train && python -m jobs.forecasts", ["jobs.forecasts"]),
        ("python -m streaming refreshed", ["streaming refreshed"]),
        ("python -m streaming --help", []),
        ("python -m streaming.sent", ["streaming.sent"]),
        ("python -m streaming ingest, python -m streaming.produce", []),
        ("python -m jobs.<step>, python -m pytest, python -m serving", []),
    ],
)
def test_a_command_that_does_not_exist_is_found(text: str, missing: list[str]) -> None:
    assert list(missing_modules(text)) == missing


def test_a_path_that_does_not_exist_is_found() -> None:
    text = "`features/group.py`, `features/gone.py`, `gone/`, pytest tests/gone.py, `.venv/a.py`"
    assert missing_paths(text) == ["features/gone.py", "tests/gone.py", "gone/"]
