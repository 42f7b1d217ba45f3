"""docker-compose.yml as Docker would read it: values filled in, services with their commands."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
FILE, EXAMPLE = ROOT / "docker-compose.yml", ROOT / ".env.example"
# ${NAME}, ${NAME:-default} and ${NAME:?message}; $$ is a dollar.
VALUE = re.compile(r"\$(?:\$|\{(\w+)(?::([-?])([^}]*))?\})")


def example() -> dict[str, str]:
    """Return the variables of .env.example."""
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def filled(text: str, values: Mapping[str, str]) -> str:
    """Replace variables by their values; one that is required must have a value."""

    def replaced(match: re.Match[str]) -> str:
        name, kind, alternative = match.groups()
        if name is None:
            return "$"
        assert values.get(name) or kind != "?", f"{name}: {alternative}"
        return values.get(name) or (alternative if kind == "-" else "")

    return VALUE.sub(replaced, text)


def composed(**values: str) -> dict[str, Any]:
    """Return the file as an object, with the variables of .env.example and passwords."""
    passwords = {name: "drawn" for name in example() if name.endswith("PASSWORD")}
    text = filled(FILE.read_text(encoding="utf-8"), {**example(), **passwords, **values})
    composition: dict[str, Any] = yaml.safe_load(text)
    return composition


def variables(text: str) -> set[str]:
    """Return the names of the variables that a text takes."""
    return {name for name, _, _ in VALUE.findall(text) if name}
