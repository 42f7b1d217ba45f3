"""What is generated is what is declared: files, names in expressions, routes, runbooks."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml
from promtool import require

from watching.alerts.all import ALERTS
from watching.alerts.declaration import RESTS
from watching.generate import FILES, ROOT, files
from watching.grafana import COLUMNS, dashboards
from watching.metrics import METRICS
from watching.prometheus_rules import RUNBOOK, rule_files

SUFFIXES = ("_bucket", "_count", "_sum")
# Prometheus' own: of the scrape.
FOREIGN = {"up"}


def test_the_files_are_those_that_the_declarations_make() -> None:
    made = files()
    for path, text in made.items():
        assert (ROOT / path).read_text(encoding="utf-8") == text, f"{path}: run make reference"
    stored = {str(path.relative_to(ROOT)) for path in (ROOT / FILES).rglob("*.*")}
    assert stored == {path for path in made if path.startswith(FILES)}


def metrics_in(expression: str) -> set[str]:
    """The names of the series that an expression reads; a syntax error fails."""
    promql_parser.parse(expression)
    text = re.sub(r'"[^"]*"', "", expression)
    return set(re.findall(r"\b(?:shopcast[\w:]*|up)\b", text))


def expressions() -> dict[str, str]:
    """Where an expression stands → the expression."""
    rules = {
        rule.get("alert") or rule["record"]: rule["expr"]
        for content in rule_files().values()
        for group in content["groups"]
        for rule in group["rules"]
    }
    panels = {
        f"{name}: {panel['title']} {target['refId']}": target["expr"]
        for name, dashboard in dashboards().items()
        for panel in dashboard["panels"]
        for target in panel["targets"]
    }
    return {**rules, **panels}


def test_every_metric_that_is_read_is_declared_and_the_other_way_round() -> None:
    recorded = {rule for rule in expressions() if ":" in rule and rule.startswith("shopcast:")}
    declared = {metric.name for metric in METRICS}
    read: set[str] = set()
    for place, expression in expressions().items():
        for name in metrics_in(expression) - FOREIGN - recorded:
            plain = next((name.removesuffix(s) for s in SUFFIXES if name.endswith(s)), name)
            assert name in declared or plain in declared, f"{place}: {name} is not declared"
            read.add(name if name in declared else plain)
    assert declared - read == set(), "declared, and neither shown nor watched"


def test_labels_of_expressions_are_declared() -> None:
    labels = {metric.name: {*metric.labels, "le", "instance", "job"} for metric in METRICS}
    for place, expression in expressions().items():
        for name, matchers in re.findall(r"(shopcast\w+)\{([^}]*)\}", expression):
            plain = next((name.removesuffix(s) for s in SUFFIXES if name.endswith(s)), name)
            used = set(re.findall(r"(\w+)=", matchers))
            assert used <= labels.get(name, labels.get(plain, set())), place


def test_panels_lie_beside_each_other() -> None:
    for dashboard in dashboards().values():
        places = [panel["gridPos"] for panel in dashboard["panels"]]
        corners = {(place["x"], place["y"]) for place in places}
        assert len(corners) == len(places)
        assert all(place["x"] + place["w"] <= COLUMNS for place in places)
        json.dumps(dashboard)


def test_every_alert_has_a_runbook_that_names_commands_that_exist() -> None:
    page = (ROOT / RUNBOOK).read_text(encoding="utf-8")
    headings = {line[3:].lower() for line in page.splitlines() if line.startswith("## ")}
    commands = (ROOT / "docs" / "reference" / "commands.md").read_text(encoding="utf-8")
    for alert in ALERTS:
        assert alert.heading in headings
        named = re.findall(
            r"`(?:python -m ([\w.]+)(?: (?!-|URI)([a-z]+))?|make [\w-]+)", alert.remedy
        )
        assert re.search(r"`[^`]+`", alert.remedy), alert.name
        for module, word in named:
            if module and module not in ("watching", "serving"):
                assert f"python -m {module}{' ' + word if word else ''}" in commands, alert.name
        assert len(alert.summary) < 130


@pytest.fixture(scope="module")
def routes() -> Path:
    return ROOT / FILES / "alertmanager.yml"


def amtool(*arguments: str) -> str:
    done = subprocess.run(
        [require("amtool"), *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


@pytest.mark.slow
def test_every_alert_has_one_receiver(routes: Path) -> None:
    amtool("check-config", str(routes))
    for severity, receiver in (("page", "on-call"), ("warn", "team")):
        assert severity in {alert.severity for alert in ALERTS}
        named = amtool(
            "config", "routes", "test", f"--config.file={routes}", f"severity={severity}"
        )
        assert named == receiver


def test_what_an_alert_rests_on_silences_it(routes: Path) -> None:
    rules: list[dict[str, Any]] = yaml.safe_load(routes.read_text())["inhibit_rules"]
    subjects = {alert.subject for alert in ALERTS}
    assert len(rules) == len(RESTS)
    for rest in RESTS:
        assert {rest.subject, *rest.causes} <= subjects
        assert rest.subject not in rest.causes, "an alert would silence itself"
