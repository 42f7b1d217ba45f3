"""Dashboards of Grafana, from the panels declared in watching/dashboards."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "dashboards"
COLUMNS, WIDTH, HEIGHT = 24, 8, 8
SOURCE = {"type": "prometheus", "uid": "${source}"}


@dataclass(frozen=True)
class Panel:
    """A panel.

    Attributes:
        title: what the panel shows.
        queries: legend → PromQL.
        unit: Grafana's name of the unit.
        kind: ``timeseries``, ``stat`` or ``table``.
        text: what a reader should know.
    """

    title: str
    queries: Mapping[str, str] = field(default_factory=dict)
    unit: str = "short"
    kind: str = "timeseries"
    text: str = ""


def dashboards() -> dict[str, dict[str, Any]]:
    """Return file name → dashboard; the data source is a variable of the dashboard."""
    files = sorted(FOLDER.glob("*.toml"))
    return {f"{file.stem}.json": dashboard(file.stem, read_panels(file)) for file in files}


def read_panels(file: Path) -> tuple[str, list[Panel]]:
    """Read the title and the panels of a dashboard."""
    declared = tomllib.loads(file.read_text(encoding="utf-8"))
    return declared["title"], [Panel(**panel) for panel in declared["panels"]]


def dashboard(name: str, shown: tuple[str, list[Panel]]) -> dict[str, Any]:
    """Return a dashboard in the form that Grafana imports."""
    title, panels = shown
    source = {"name": "source", "type": "datasource", "query": "prometheus", "label": "Prometheus"}
    return {
        "uid": f"shopcast-{name}",
        "title": title,
        "tags": ["shopcast"],
        "schemaVersion": 39,
        "time": {"from": "now-24h", "to": "now"},
        "refresh": "1m",
        "templating": {"list": [source]},
        "panels": [panel_of(number, panel) for number, panel in enumerate(panels)],
    }


def panel_of(number: int, panel: Panel) -> dict[str, Any]:
    """Return a panel in its place: rows of three."""
    in_a_row = COLUMNS // WIDTH
    x, y = WIDTH * (number % in_a_row), HEIGHT * (number // in_a_row)
    targets = [
        {
            "refId": chr(ord("A") + count),
            "expr": query,
            "legendFormat": legend,
            "datasource": SOURCE,
        }
        | ({"format": "table", "instant": True} if panel.kind == "table" else {})
        for count, (legend, query) in enumerate(panel.queries.items())
    ]
    return {
        "id": number + 1,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.text,
        "datasource": SOURCE,
        "gridPos": {"x": x, "y": y, "w": WIDTH, "h": HEIGHT},
        "fieldConfig": {"defaults": {"unit": panel.unit}, "overrides": []},
        "targets": targets,
    }
