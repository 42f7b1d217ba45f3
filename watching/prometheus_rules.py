"""Rules of Prometheus, from the declared alerts: a file for each process that may not be run."""

from collections.abc import Sequence
from typing import Any

from watching import metrics
from watching.alerts import accuracy, api, lake, streams
from watching.alerts.declaration import ERRORS, SLOW, WINDOWS, Alert
from watching.thresholds import QUICK_SECONDS

# Where the runbook of an alert stands, from the folder of the program.
RUNBOOK = "docs/reference/alerts.md"
LOOKUP = "/predict"
Rule = dict[str, Any]


def rule_files() -> dict[str, dict[str, Any]]:
    """Return file name → contents; who runs no stream leaves its file out."""
    return {
        "api.yml": groups("shopcast-api", recordings(), api.ALERTS),
        "lake.yml": groups("shopcast-lake", [], (*lake.ALERTS, *accuracy.ALERTS)),
        "streams.yml": groups("shopcast-streams", [], streams.ALERTS),
    }


def groups(name: str, recorded: Sequence[Rule], alerts: Sequence[Alert]) -> dict[str, Any]:
    """Return the groups of a file."""
    named = {f"{name}-rates": list(recorded), name: [rule_of(alert) for alert in alerts]}
    return {"groups": [{"name": key, "rules": rules} for key, rules in named.items() if rules]}


def recordings() -> list[Rule]:
    """Return the ratios that the objectives of the API are judged by, over each window."""
    requests, failures = metrics.REQUESTS.name, metrics.FAILURES.name
    lookups = f'{metrics.REQUEST_DURATION.name}_count{{route="{LOOKUP}"}}'
    quick = f'{metrics.REQUEST_DURATION.name}_bucket{{route="{LOOKUP}",le="{QUICK_SECONDS}"}}'
    rules = []
    for window in WINDOWS:
        by_name = {
            f"shopcast:requests:increase_{window}": f"sum(increase({requests}[{window}]))",
            f"{ERRORS}_{window}": (
                f"sum(rate({failures}[{window}])) / sum(rate({requests}[{window}]))"
            ),
            f"{SLOW}_{window}": (
                f"1 - sum(rate({quick}[{window}])) / sum(rate({lookups}[{window}]))"
            ),
        }
        rules += [{"record": name, "expr": text} for name, text in by_name.items()]
    return rules


def rule_of(alert: Alert) -> Rule:
    """Return the rule of an alert."""
    return {
        "alert": alert.name,
        "expr": alert.expression,
        "for": f"{alert.minutes}m",
        "labels": {"severity": alert.severity, "subject": alert.subject},
        "annotations": {
            "summary": alert.summary,
            "description": alert.meaning,
            "runbook_url": f"{RUNBOOK}#{alert.heading}",
        },
    }
