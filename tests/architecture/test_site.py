"""The documents build as a site without a broken link, and generated pages are current."""

import os
import shutil
import subprocess
import sys
import warnings
from pathlib import Path
from runpy import run_path

import pytest
from own_packages import ROOT

MKDOCS = Path(sys.executable).parent / "mkdocs"
with warnings.catch_warnings():
    # kafka-python 3.0.12 reads its schemas by a deprecated function.
    warnings.simplefilter("ignore", DeprecationWarning)
    GENERATE = run_path(str(ROOT / "docs" / "generate.py"))
PAGES: dict[str, str] = GENERATE["pages"]()


def build(folder: Path, site: Path) -> subprocess.CompletedProcess[str]:
    command = [str(MKDOCS), "build", "--site-dir", str(site)]
    settings = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    return subprocess.run(
        command, cwd=folder, env=settings, capture_output=True, text=True, check=False
    )


def test_the_site_builds_and_loads_nothing_from_other_hosts(tmp_path: Path) -> None:
    done = build(ROOT, tmp_path / "site")
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "site" / "index.html").read_text(encoding="utf-8")
    assert 'src="http' not in page
    assert "fonts.googleapis" not in page


@pytest.mark.slow
@pytest.mark.parametrize(
    ("planted", "complaint"),
    [
        ("[a](how_to/gone.md)", "how_to/gone.md"),
        ("[a](how_to/runbook.md#gone)", "does not contain an anchor '#gone'"),
    ],
)
def test_a_broken_link_fails_the_build(tmp_path: Path, planted: str, complaint: str) -> None:
    shutil.copy(ROOT / "mkdocs.yml", tmp_path)
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    index = tmp_path / "docs" / "index.md"
    index.write_text(f"{index.read_text(encoding='utf-8')}\n{planted}\n", encoding="utf-8")
    done = build(tmp_path, tmp_path / "site")
    assert done.returncode != 0
    assert complaint in done.stderr


@pytest.mark.slow
def test_a_page_that_the_navigation_does_not_name_fails_the_build(tmp_path: Path) -> None:
    shutil.copy(ROOT / "mkdocs.yml", tmp_path)
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    (tmp_path / "docs" / "how_to" / "forgotten.md").write_text("# Forgotten\n", encoding="utf-8")
    done = build(tmp_path, tmp_path / "site")
    assert done.returncode != 0
    assert "forgotten.md" in done.stderr


@pytest.mark.parametrize("name", sorted(PAGES))
def test_a_generated_page_is_what_the_declarations_say(name: str) -> None:
    stored = (ROOT / "docs" / "reference" / name).read_text(encoding="utf-8")
    assert stored == PAGES[name], "run make reference"
