"""The packages of the program, as the import contracts of pyproject.toml list them."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PACKAGES: tuple[str, ...] = tuple(SETTINGS["tool"]["importlinter"]["root_packages"])
