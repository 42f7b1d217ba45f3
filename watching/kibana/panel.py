"""Panels of Kibana, as watching/kibana/panels declares them."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(__file__).parent / "panels"
TIME = "@timestamp"
MONTH, ANY_TIME = "month", "time"


@dataclass(frozen=True)
class Panel:
    """A panel.

    Attributes:
        title: what the panel shows.
        index: alias of the index.
        kind: ``metric``, ``table``, ``line`` or ``bar``.
        formulas: label → formula of Lens.
        over: ``month`` or ``time``: the horizontal axis is time; None: it is ``by``, if any.
        by: field that rows are grouped by.
        split: field that series are told apart by.
        size: greatest number of groups.
        filter: condition in Kibana's query language; empty: every document.
        format: ``number`` or ``percent``.
    """

    title: str
    index: str
    kind: str
    formulas: Mapping[str, str] = field(default_factory=dict)
    over: str | None = None
    by: str | None = None
    split: str | None = None
    size: int = 15
    filter: str = ""
    format: str = "number"


@dataclass(frozen=True)
class Dashboard:
    """A dashboard.

    Attributes:
        name: id.
        title: title.
        text: what a reader should know.
        panels: the panels, in their order.
    """

    name: str
    title: str
    text: str
    panels: tuple[Panel, ...]


def read_dashboards() -> list[Dashboard]:
    """Read the declared dashboards."""
    dashboards = []
    for file in sorted(FOLDER.glob("*.toml")):
        declared = tomllib.loads(file.read_text(encoding="utf-8"))
        panels = tuple(Panel(**panel) for panel in declared["panels"])
        dashboards.append(Dashboard(file.stem, declared["title"], declared["text"], panels))
    return dashboards
