"""The images have the packages that their processes import."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PACKAGES = set(PROJECT["tool"]["importlinter"]["root_packages"])
IMPORTED = "import sys, serving.__main__, serving.app, serving.uploads.work; print(*sys.modules)"


def copied(image: str) -> set[str]:
    """The packages that an image's file copies."""
    text = (ROOT / f"Dockerfile.{image}").read_text()
    return set(re.findall(r"^COPY (\w+) /opt/shopcast/\1$", text, re.MULTILINE))


def test_the_image_of_spark_has_every_package() -> None:
    assert copied("spark") == PACKAGES


@pytest.mark.slow
def test_the_image_of_the_api_has_what_the_api_imports() -> None:
    command = [sys.executable, "-c", IMPORTED]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert {name.split(".")[0] for name in done.stdout.split()} & PACKAGES <= copied("api")


@pytest.mark.parametrize("image", ["spark", "api"])
def test_what_is_copied_is_not_ignored(image: str) -> None:
    kept = (ROOT / ".dockerignore").read_text().splitlines()
    assert {f"!{name}" for name in copied(image)} <= set(kept)
