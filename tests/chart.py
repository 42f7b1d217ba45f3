"""The chart as a test sees it: rendered objects by kind and name, and what Helm refuses."""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
CHART = ROOT / "helm" / "shopcast"
VALUES = sorted((ROOT / "helm" / "values").glob("*.yaml"))
HELM = str(Path(sys.executable).with_name("helm"))
# Every component is on, executors are pods, and nothing is bundled away.
EVERYTHING = {
    "lake.root": "s3a://bucket/lake",
    "spark.mode": "executors",
    "streams.ingest.enabled": "true",
    "streams.refresh.enabled": "true",
    "writer.enabled": "true",
    "training.enabled": "true",
    "api.autoscaling.enabled": "true",
    "api.ingress.enabled": "true",
    "api.ingress.host": "forecasts.example.com",
    "jobs.schedules.check-skew.enabled": "true",
}
Object = Mapping[str, Any]


def generator() -> Any:
    """Load helm/generate.py, which is a script."""
    specification = spec_from_file_location("generate", ROOT / "helm" / "generate.py")
    assert specification is not None
    assert specification.loader is not None
    module = module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def template(*arguments: str, chart: Path = CHART) -> subprocess.CompletedProcess[str]:
    """Run helm template."""
    command = [HELM, "template", "r", str(chart), "--namespace", "retail", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def options(values: Mapping[str, str]) -> list[str]:
    """Write values as --set takes them."""
    return [word for name, value in values.items() for word in ("--set", f"{name}={value}")]


def rendered(values: Mapping[str, str], *arguments: str) -> list[Object]:
    """Render the chart with values; every object is an entry."""
    done = template(*options(values), *arguments)
    assert done.returncode == 0, done.stderr
    return [each for each in yaml.safe_load_all(done.stdout) if each]


def refusal(values: Mapping[str, str]) -> str:
    """Return what Helm says against values."""
    done = template(*options({"lake.root": "s3a://bucket/lake", **values}))
    assert done.returncode != 0, f"{values} was taken"
    return done.stderr


def of_kind(objects: list[Object], kind: str) -> dict[str, Object]:
    """Return the objects of a kind by name."""
    return {each["metadata"]["name"]: each for each in objects if each["kind"] == kind}


def pods(objects: list[Object]) -> Iterator[tuple[str, Object]]:
    """Yield every pod that comes from the objects: kind and name → metadata and spec."""
    for each in objects:
        name = f"{each['kind']} {each['metadata']['name']}"
        if each["kind"] in ("Deployment", "Job"):
            yield name, each["spec"]["template"]
        elif each["kind"] == "CronJob":
            yield name, each["spec"]["jobTemplate"]["spec"]["template"]
        elif each["kind"] == "ConfigMap":
            for file, text in each["data"].items():
                inner = yaml.safe_load(text) if file.endswith((".yaml", ".json")) else None
                if isinstance(inner, dict) and inner.get("kind") in ("Pod", "Job"):
                    pod = inner if inner["kind"] == "Pod" else inner["spec"]["template"]
                    yield f"{name} {inner['kind']}", pod
