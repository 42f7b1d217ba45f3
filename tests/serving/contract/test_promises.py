"""The API keeps what the OpenAPI document of the last release promised.

tests/architecture/test_site.py holds the document of the repository to the application.
"""

import copy
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from promises import list_additions, list_breaks

Document = dict[str, Any]
PATH = "docs/reference/openapi.json"
ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def document() -> Document:
    stored: Document = json.loads((ROOT / PATH).read_text(encoding="utf-8"))
    return stored


def test_nothing_that_the_last_release_promised_is_broken(document: Document) -> None:
    tag = git("describe", "--tags", "--abbrev=0")
    released = tag and git("show", f"{tag}:{PATH}")
    if not released:
        pytest.skip("no release with an OpenAPI document yet")
    sys.stdout.write("\n".join(["Added:", *list_additions(json.loads(released), document)]))
    assert list_breaks(json.loads(released), document) == []


def git(*words: str) -> str | None:
    """Return what git prints; None: git fails."""
    run = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True)
    return run.stdout.strip() if run.returncode == 0 else None


def predict(document: Document) -> Document:
    operation: Document = document["paths"]["/predict"]["get"]
    return operation


def field(document: Document, model: str, name: str) -> Document:
    schema: Document = document["components"]["schemas"][model]["properties"][name]
    return schema


BREAKS: dict[str, tuple[Callable[[Document], object], str]] = {
    "operation": (lambda d: d["paths"].pop("/metrics"), "GET /metrics"),
    "parameter": (lambda d: predict(d)["parameters"].pop(2), "GET /predict takes query month"),
    "required": (
        lambda d: predict(d)["parameters"][2].update(required=True),
        "New demand: GET /predict: month is required",
    ),
    "status": (lambda d: predict(d)["responses"].pop("304"), "GET /predict answers 304"),
    "header": (lambda d: predict(d)["responses"]["200"]["headers"].pop("ETag"), "header ETag"),
    "media type": (
        lambda d: d["paths"]["/predict"]["post"]["responses"]["200"]["content"].pop(
            "application/x-ndjson"
        ),
        "POST /predict answers 200 as application/x-ndjson",
    ),
    "field": (
        lambda d: d["components"]["schemas"]["Forecast"]["properties"].pop("units"),
        "forecasts, each, units",
    ),
    "null": (
        lambda d: field(d, "Forecast", "units").update(type=["number", "null"]),
        "forecasts, each, units: may be null",
    ),
    "bound": (
        lambda d: field(d, "BulkQuestion", "pairs").update(maxItems=10),
        "Tightened: POST /predict takes application/json, pairs: maxItems is 10, was 50000",
    ),
    "value": (
        lambda d: d["components"]["schemas"]["What"]["enum"].remove("shops"),
        "POST /update_data takes query what: may be 'shops'",
    ),
}


@pytest.mark.parametrize("kind", BREAKS)
def test_a_broken_promise_is_named(document: Document, kind: str) -> None:
    damage, sentence = BREAKS[kind]
    later = copy.deepcopy(document)
    damage(later)
    breaks = list_breaks(document, later)
    assert any(sentence in each for each in breaks), breaks


def test_additions_break_nothing_and_are_listed(document: Document) -> None:
    later = copy.deepcopy(document)
    later["paths"]["/more"] = {"get": {**predict(later)}}
    field(later, "BulkQuestion", "pairs")["maxItems"] = 100_000
    predict(later)["parameters"].append({"in": "query", "name": "unit", "schema": {}})
    assert list_breaks(document, later) == []
    assert "GET /more" in list_additions(document, later)
    assert "GET /predict takes query unit" in list_additions(document, later)
