"""The arrows between the packages hold, and an arrow drawn the wrong way is caught."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from own_packages import PACKAGES, ROOT

LINT = Path(sys.executable).parent / "lint-imports"


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [str(LINT), "--no-cache"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for name in PACKAGES:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, tmp_path / name, ignore=ignored)
    return tmp_path


def test_the_packages_keep_the_contracts() -> None:
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("module", "planted", "broken"),
    [
        ("serving/app.py", "import pyspark", "Serving starts without Spark"),
        ("serving/app.py", "import features.group", "Serving starts without Spark"),
        ("features/compute.py", "import lakehouse.session", "Features do no I/O"),
        ("features/compute.py", "import cli.arguments", "The way of a sale"),
        ("lakehouse/lake.py", "import features.group", "The way of a sale"),
        ("lakehouse/lake.py", "import mlflow", "Models are a matter of modelling"),
        ("jobs/build_panel.py", "import deltalake", "Only lakehouse.delta knows Delta"),
        ("ingestion/newest.py", "import ingestion.sales.records", "Ingestion"),
        ("ingestion/sales/records.py", "import ingestion.reconciliation.record_tally", "Ingestion"),
        ("feature_store/build.py", "import feature_store.panel.task", "The feature store"),
        ("modelling/evaluation/metrics.py", "import modelling.backtest.plan", "Modelling"),
        ("modelling/lineage.py", "import lakehouse.profile.stored", "read the profile once"),
        ("jobs/train.py", "import jobs.forecast", "No command imports another"),
        ("streaming/kafka/topics.py", "import streaming.queries.ingest", "Streaming"),
        ("ingestion/newest.py", "import cli.command", "Only commands have arguments"),
    ],
)
def test_a_wrong_arrow_is_caught(copied: Path, module: str, planted: str, broken: str) -> None:
    file = copied / module
    file.write_text(f"{file.read_text(encoding='utf-8')}\n{planted}\n", encoding="utf-8")
    done = lint(copied)
    assert done.returncode == 1, done.stdout + done.stderr
    assert [line for line in done.stdout.splitlines() if broken in line and "BROKEN" in line]
