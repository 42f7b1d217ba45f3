"""docker-compose.yml: valid, pinned, closed to other machines, and of settings that exist."""

import json
import re
import shlex
from argparse import ArgumentParser
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml
from chart import generator
from compose import FILE, ROOT, composed, example, variables
from jsonschema import Draft7Validator
from pydantic_settings import BaseSettings

from cli.command import Job
from lakehouse.settings import JobSettings
from serving import __main__ as serving
from serving.settings import ServingSettings
from streaming import __main__ as streaming
from streaming.kafka.settings import KafkaSettings
from watching.alerts.all import ALERTS

SCHEMA = Path(__file__).parent / "compose_spec" / "compose-spec.json"
COMPOSE = composed()
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: s for name, s in SERVICES.items() if s["image"].startswith("shopcast-")}
THEIRS = {name: s for name, s in SERVICES.items() if name not in OURS}
DATA = {"minio", "postgresql", "mongodb", "kafka", "elasticsearch"}
CHART = generator()
PROVIDERS = re.compile(r"(AWS|AZURE|MLFLOW|OPENLINEAGE|OTEL)_[A-Z0-9_]+")
DAGS = re.compile(r"^    (\w+): [\w\[]", re.MULTILINE)


def errors(composition: Any) -> list[str]:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    return [f"{e.json_path}: {e.message}" for e in Draft7Validator(schema).iter_errors(composition)]


def fields(settings: type[BaseSettings]) -> set[str]:
    return {CHART.variable(settings, name) for name in settings.model_fields}


def read_by(name: str) -> list[type[BaseSettings]]:
    """The settings that a service of ours reads."""
    return [ServingSettings if name == "api" else JobSettings, KafkaSettings]


def dag_variables() -> set[str]:
    text = (ROOT / "dags" / "shopcast_dags" / "settings.py").read_text(encoding="utf-8")
    return {f"SHOPCAST_{name.upper()}" for name in DAGS.findall(text)}


def parse(command: list[str]) -> object:
    """Parse a command as its program would, and return the arguments; wrong ones end the test."""
    python, dash, module, *arguments = command
    assert (python, dash) in {("python", "-m"), ("python3", "-m")}
    parser: ArgumentParser
    if module == "serving":
        parser = serving.parser()
    elif module == "streaming":
        name, *arguments = arguments
        parser = streaming.COMMANDS[name].parser()
    else:
        job: Job = import_module("watching.commands" if module == "watching" else module).JOB
        parser = job.parser()
    return parser.parse_args(arguments)


def test_it_is_a_valid_composition() -> None:
    assert errors(COMPOSE) == []


@pytest.mark.parametrize(
    "planted",
    [{"healthchecks": {}}, {"restart": 3}, {"depends_on": {"kafka": {"condition": "healthy"}}}],
)
def test_a_wrong_service_is_found(planted: dict[str, object]) -> None:
    services = {**SERVICES, "api": {**SERVICES["api"], **planted}}
    assert errors({**COMPOSE, "services": services})


@pytest.mark.parametrize("name", THEIRS)
def test_an_image_of_others_has_an_exact_tag(name: str) -> None:
    assert re.search(r":(v?\d+\.\d+(\.\d+)?|RELEASE\.[\dTZ-]+)$", THEIRS[name]["image"])


@pytest.mark.parametrize("name", sorted(DATA))
def test_data_has_a_volume_and_a_health_check(name: str) -> None:
    service = SERVICES[name]
    assert service["healthcheck"]["test"]
    kept = [volume.partition(":")[0] for volume in service["volumes"]]
    assert set(kept) <= set(COMPOSE["volumes"])
    assert kept


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_waits_until_what_it_needs_is_ready(name: str) -> None:
    for needed, how in SERVICES[name].get("depends_on", {}).items():
        if how["condition"] == "service_healthy":
            assert "healthcheck" in SERVICES[needed]
        else:
            assert how["condition"] == "service_completed_successfully"
            assert "restart" not in SERVICES[needed], "it would never be completed"


@pytest.mark.parametrize("name", SERVICES)
def test_no_port_is_open_to_other_machines(name: str) -> None:
    assert all(port.startswith("127.0.0.1:") for port in SERVICES[name].get("ports", []))


@pytest.mark.parametrize("name", OURS)
def test_a_process_of_ours_has_no_right_that_it_does_not_use(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "/tmp" in service.get("tmpfs", []) + service.get("volumes", [])


@pytest.mark.parametrize("name", OURS)
def test_a_variable_is_a_field_of_the_settings_that_the_process_reads(name: str) -> None:
    known = set().union(*map(fields, read_by(name)))
    if name == "airflow":
        known |= dag_variables() | {"AIRFLOW_CONN_SHOPCAST_API"}
    environment = SERVICES[name].get("environment") or {}
    assert [v for v in environment if v not in known and not PROVIDERS.fullmatch(v)] == []


@pytest.mark.parametrize("name", OURS)
def test_the_settings_accept_the_values(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable, value in (SERVICES[name].get("environment") or {}).items():
        monkeypatch.setenv(variable, value)
    monkeypatch.setenv("LAKE_ROOT", "s3a://shopcast/lake")
    for settings in read_by(name):
        settings()


@pytest.mark.parametrize("name", sorted(set(OURS) - {"mlflow", "airflow"}))
def test_a_command_is_one_that_its_program_takes(name: str) -> None:
    parse(SERVICES[name]["command"])


def test_a_command_with_a_wrong_option_is_found() -> None:
    with pytest.raises(SystemExit):
        parse([*SERVICES["refresh"]["command"], "--profile=sample"])


@pytest.mark.filterwarnings("ignore")
def test_mlflow_takes_its_command() -> None:
    from mlflow.cli import cli

    program, name, *arguments = SERVICES["mlflow"]["command"]
    assert program == "mlflow"
    cli.commands[name].make_context(name, list(arguments))


def test_each_variable_is_explained_and_no_secret_is_written() -> None:
    text = FILE.read_text(encoding="utf-8")
    assert variables(text) == set(example())
    secrets = {n: v for n, v in example().items() if n.endswith(("PASSWORD", "KEY"))}
    assert len(secrets) == 4
    assert set(secrets.values()) == {""}
    for found in re.findall(r"^ +\w*(?:PASSWORD|SECRET)\w*: *(\S+)", text, re.MULTILINE):
        assert found.startswith("${"), found
    assert not re.search(r"://\w+:(?!\$\{)[^@\s]+@", text)


def test_a_missing_password_is_refused_with_what_to_do() -> None:
    with pytest.raises(AssertionError, match=r"MONGO_PASSWORD: run make \.env"):
        composed(MONGO_PASSWORD="")


def test_prometheus_asks_the_ports_that_the_processes_listen_on() -> None:
    settings = yaml.safe_load(COMPOSE["configs"]["prometheus"]["content"])
    asked = [
        target
        for job in settings["scrape_configs"]
        for group in job["static_configs"]
        for target in group["targets"]
    ]
    assert asked == ["api:8000", "ingest:9100", "refresh:9100", "watching:9100"]
    for name in ("ingest", "refresh"):
        assert "--metrics-port=9100" in SERVICES[name]["command"]
    assert "--port=9100" in SERVICES["watching"]["command"]
    named = {f'job="{job["job_name"]}"' for job in settings["scrape_configs"]}
    watched = {name for alert in ALERTS for name in re.findall(r'job="[^"]+"', alert.expression)}
    assert named == watched, "the alerts know the processes by these names"


def test_airflow_s_command_is_of_the_image_that_is_built_for_it() -> None:
    assert SERVICES["airflow"]["build"]["args"]["BASE"] == SERVICES["ingest"]["image"]
    assert shlex.split(SERVICES["airflow"]["command"][0])[-2:] == ["airflow", "standalone"]
