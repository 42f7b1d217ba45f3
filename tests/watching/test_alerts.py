"""Every alert fires on what it is for, and on nothing else."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from alert_cases import CASES, Case
from promtool import failures

from serving.watching.metrics import BOUNDS
from watching.alerts.all import ALERTS
from watching.prometheus_rules import rule_files
from watching.thresholds import QUICK_SECONDS

pytestmark = pytest.mark.slow
# A comparison with a number, or the factor before a series; not the number of requests or events.
LIMIT = re.compile(r"(==|>|<) (-?[\d.]+)|(?<=\()1(?= \+)")


def test_alerts_fire_and_stay_silent(tmp_path: Path) -> None:
    assert failures(tmp_path, rule_files(), CASES) == ""


def test_every_alert_has_histories_of_both_kinds() -> None:
    for alert in ALERTS:
        assert {case.fires for case in CASES if case.alert == alert.name} == {True, False}
    assert {case.alert for case in CASES} == {alert.name for alert in ALERTS}


def test_a_threshold_ten_times_as_far_is_noticed(tmp_path: Path) -> None:
    limited = [alert.name for alert in ALERTS if LIMIT.search(alert.expression)]
    assert len(limited) >= len(ALERTS) - 2, "all but comparisons of two series, and absence"
    rules = rule_files()
    for content in rules.values():
        for group in content["groups"]:
            for rule in group["rules"]:
                if "alert" in rule:
                    rule["expr"] = LIMIT.sub(far, rule["expr"])
    firing = [case for case in CASES if case.fires and case.alert in limited]
    firing = [case for case in firing if case.why not in ("never there", "ingest is absent")]
    missed: list[Case] = [replace(case, fires=False) for case in firing]
    assert failures(tmp_path, rules, missed) == "", "an alert fires by a limit ten times as far"


def far(limit: re.Match[str]) -> str:
    """Write a limit that is ten times as far."""
    if limit[1] is None:
        return "10"
    value = float(limit[2])
    if limit[1] == "<":
        return f"< {value / 10}"
    return f"{limit[1]} {value * 10 or 10}"


def test_the_objective_of_durations_is_a_bound_of_the_histogram() -> None:
    assert QUICK_SECONDS in BOUNDS
