"""promtool: Prometheus' own test of rules, with the histories of tests/watching/alert_cases.py."""

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from alert_cases import Case


def require(program: str) -> str:
    """Return the path of a program; the test skips where the program is missing."""
    path = shutil.which(program)
    if path is None:
        pytest.skip(f"{program} is missing: apt-get install prometheus prometheus-alertmanager")
    return path


def failures(folder: Path, rules: Mapping[str, Any], cases: Sequence[Case]) -> str:
    """Test rules by histories; return what promtool complains of, empty: nothing."""
    promtool, complaints = require("promtool"), ""
    for name, content in rules.items():
        (folder / name).write_text(yaml.safe_dump(content))
        of_file = [case for case in cases if case.alert in yaml.safe_dump(content)]
        for rounds in ("1m", "10m", "1h"):
            asked = [question(c) for c in of_file if (c.rounds or c.step) == rounds]
            # Without an order promtool takes any, and an alert may be asked before its ratio.
            question_file = {
                "rule_files": [name],
                "evaluation_interval": rounds,
                "group_eval_order": [group["name"] for group in content["groups"]],
                "tests": asked,
            }
            file = folder / f"{rounds}-{name}"
            file.write_text(yaml.safe_dump(question_file))
            command = [promtool, "test", "rules", str(file)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            complaints += done.stdout + done.stderr if done.returncode else ""
    return complaints


def question(case: Case) -> dict[str, Any]:
    """Return the question whether an alert fires."""
    firing = f'count(ALERTS{{alertname="{case.alert}",alertstate="firing"}}) or vector(0)'
    return {
        "name": f"{case.alert}: {case.why or ('fires' if case.fires else 'is silent')}",
        "interval": case.step,
        "input_series": [{"series": s, "values": v} for s, v in case.series.items()],
        "promql_expr_test": [
            {
                "expr": f"({firing}) > bool 0",
                "eval_time": case.at,
                "exp_samples": [{"labels": "{}", "value": int(case.fires)}],
            }
        ],
    }
