"""The chart renders what the values say, refuses what is wrong, and restarts only what changed."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from chart import (
    CHART,
    EVERYTHING,
    ROOT,
    VALUES,
    generator,
    of_kind,
    options,
    pods,
    refusal,
    rendered,
    template,
)

from lakehouse.settings import JobSettings
from serving.settings import ServingSettings
from streaming.kafka.settings import KafkaSettings

GENERATED = {str(path.relative_to(ROOT)): content for path, content in generator().files()}
# Which components read which group of settings.
READERS = {
    "settings.api.REFRESH_SECONDS=5": {"api", "writer"},
    "settings.jobs.SPARK_DRIVER_MEMORY=3g": {"ingest", "refresh"},
    "settings.kafka.KAFKA_SALES_TOPIC=sales": {"api", "writer", "ingest", "refresh"},
    "settings.providers.AWS_REGION=eu": {"api", "writer", "ingest", "refresh"},
    "secretsVersion=b": {"api", "writer", "ingest", "refresh"},
    "spark.executors.count=3": {"ingest", "refresh"},
    "training.preset=large": {"writer"},
    "api.autoscaling.maxReplicas=9": set(),
    "jobs.timeZone=Europe/Paris": set(),
    "api.ingress.className=nginx": set(),
    "networkPolicy.enabled=false": set(),
}
RIGHTS = {
    ("r-shopcast-training", "batch", "jobs"): {"create", "get", "list", "patch", "delete"},
    ("r-shopcast-training", "", "pods"): {"list"},
    ("r-shopcast-training", "", "pods/log"): {"get"},
    ("r-shopcast-training", "", "resourcequotas"): {"list"},
    ("r-shopcast-spark", "", "pods"): {
        *("create", "get", "list", "watch", "patch", "delete", "deletecollection")
    },
    ("r-shopcast-spark", "", "configmaps"): {
        *("create", "get", "list", "watch", "patch", "delete", "deletecollection")
    },
}


@pytest.mark.parametrize("name", sorted(GENERATED))
def test_what_is_generated_is_what_settings_and_values_say(name: str) -> None:
    assert (ROOT / name).read_text(encoding="utf-8") == GENERATED[name], "run make reference"


@pytest.mark.parametrize(
    ("value", "named"),
    [
        ("api.replica=2", "replica"),
        ("settings.api.REFRESH_SECOND=1", "REFRESH_SECOND"),
        ("settings.api.REFRESH_SECONDS=0", "REFRESH_SECONDS"),
        ("settings.api.LOG_FORMAT=xml", "LOG_FORMAT"),
        ("settings.api.HOST=127.0.0.1", "HOST"),
        ("settings.jobs.SPARK_MASTER=x", "SPARK_MASTER"),
        ("settings.kafka.KAFKA_SASL_MECHANISM=GSSAPI", "KAFKA_SASL_MECHANISM"),
        ("spark.mode=cluster", "spark.mode"),
        ("jobs.schedules.maintain.cron=x", "cron"),
    ],
)
def test_a_wrong_key_or_value_is_refused_by_its_name(value: str, named: str) -> None:
    name, _, text = value.partition("=")
    assert named in refusal({name: text})


@pytest.mark.parametrize(
    "name",
    [
        "settings.api.STORE",
        "settings.api.ITEMS_STORE",
        "settings.jobs.PUBLISH_TO",
        "settings.kafka.KAFKA_SASL_PASSWORD",
        "settings.kafka.KAFKA_SSL_PASSWORD",
        "settings.providers.AWS_SECRET_ACCESS_KEY",
        "settings.providers.AWS_SESSION_TOKEN",
        "settings.providers.AZURE_STORAGE_ACCOUNT_KEY",
        "settings.providers.MLFLOW_TRACKING_PASSWORD",
        "settings.providers.OTEL_EXPORTER_OTLP_HEADERS",
        "settings.providers.PATH",
    ],
)
def test_no_value_can_hold_a_secret(name: str) -> None:
    assert name.rpartition(".")[0] in refusal({name: "secret"})


def test_a_lake_must_be_named() -> None:
    done = template()
    assert "lake.root: name the lake" in done.stderr


@pytest.mark.parametrize(
    "values",
    [
        {"api.replicas": "2", "api.state.persistent": "true"},
        {"api.autoscaling.enabled": "true", "api.state.persistent": "true"},
        {"api.replicas": "2", "training.enabled": "true"},
    ],
)
def test_replicas_never_share_a_record(values: dict[str, str]) -> None:
    assert "set writer.enabled" in refusal(values)


def test_the_chart_is_installed_as_a_part_of_another(tmp_path: Path) -> None:
    (tmp_path / "charts").mkdir()
    (tmp_path / "charts" / "shopcast").symlink_to(CHART)
    (tmp_path / "Chart.yaml").write_text("{apiVersion: v2, name: retail, version: 1.0.0}")
    values = {
        "shopcast.lake.root": "s3a://b/l",
        "global.team": "retail",
        "shopcast.enabled": "true",
    }
    done = template(*options(values), chart=tmp_path)
    assert done.returncode == 0, done.stderr
    off = template(*options({**values, "shopcast.enabled": "false"}), chart=tmp_path)
    assert [each for each in yaml.safe_load_all(off.stdout) if each] == []


def components(values: dict[str, str]) -> dict[str, Any]:
    """Return the pod templates of Deployments by component."""
    deployments = of_kind(rendered(values), "Deployment")
    return {name.rpartition("-")[2]: each["spec"]["template"] for name, each in deployments.items()}


@pytest.mark.parametrize("change", READERS)
def test_only_what_reads_a_value_restarts(change: str) -> None:
    name, _, value = change.partition("=")
    before, after = components(EVERYTHING), components({**EVERYTHING, name: value})
    assert {each for each in before if before[each] != after[each]} == READERS[change]


def test_an_autoscaled_deployment_has_no_replicas() -> None:
    deployments = of_kind(rendered(EVERYTHING), "Deployment")
    assert "replicas" not in deployments["r-shopcast-api"]["spec"]
    assert deployments["r-shopcast-writer"]["spec"]["replicas"] == 1
    fixed = {**EVERYTHING, "api.autoscaling.enabled": "false", "api.replicas": "3"}
    assert of_kind(rendered(fixed), "Deployment")["r-shopcast-api"]["spec"]["replicas"] == 3


def test_a_large_number_reaches_the_program_in_digits() -> None:
    maps = of_kind(rendered({**EVERYTHING, "settings.api.UPLOAD_BYTES": "1073741824"}), "ConfigMap")
    assert maps["r-shopcast-api"]["data"] == {"UPLOAD_BYTES": "1073741824"}


def test_every_variable_that_the_chart_sets_is_a_setting() -> None:
    declared = {
        *(name.upper() for name in ServingSettings.model_fields),
        *(name.upper() for name in JobSettings.model_fields),
        *(f"KAFKA_{name}".upper() for name in KafkaSettings.model_fields),
        *("SPARK_CONF_DIR", "SPARK_LOCAL_HOSTNAME", "POD_NAME"),  # Spark reads these
    }
    for name, pod in pods(
        rendered({**EVERYTHING, "api.keysSecret": "k", "writer.keysSecret": "k"})
    ):
        for container in pod["spec"]["containers"]:
            given = {each["name"] for each in container.get("env", [])}
            assert given <= declared, name


@pytest.mark.parametrize("values", VALUES, ids=lambda path: path.stem)
def test_every_pod_is_restricted_has_a_limit_and_a_read_only_root(values: Path) -> None:
    found = list(pods(rendered({}, "--values", str(values))))
    assert found
    for name, pod in found:
        security = pod["spec"]["securityContext"]
        assert (security["runAsNonRoot"], security["runAsUser"]) == (True, 1000), name
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}, name
        for container in pod["spec"]["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }, name
            # Spark itself sets the resources of executors.
            if not name.endswith(" Pod"):
                assert "memory" in container["resources"]["limits"], name
        assert all(
            "sizeLimit" in each["emptyDir"] for each in pod["spec"]["volumes"] if "emptyDir" in each
        ), name


def test_rights_are_those_of_the_list() -> None:
    roles = of_kind(rendered(EVERYTHING), "Role")
    given = {
        (name, group, resource): set(rule["verbs"])
        for name, role in roles.items()
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
    }
    assert given == RIGHTS
    assert not {"ClusterRole", "ClusterRoleBinding"} & {
        each["kind"] for each in rendered(EVERYTHING)
    }


def test_a_pod_has_a_token_only_where_it_asks_the_api_server() -> None:
    asking = {
        name
        for name, pod in pods(rendered(EVERYTHING))
        if pod["spec"].get("automountServiceAccountToken", True)
    }
    drivers = {"Deployment r-shopcast-ingest", "Deployment r-shopcast-refresh"}
    batch = {"CronJob r-shopcast-maintain", "CronJob r-shopcast-check-skew"}
    training = {"ConfigMap r-shopcast-training Job", "Deployment r-shopcast-writer"}
    assert asking == drivers | batch | training
    local = {**EVERYTHING, "spark.mode": "local", "training.enabled": "false"}
    assert not any(pod["spec"]["automountServiceAccountToken"] for _, pod in pods(rendered(local)))


def test_every_port_that_a_pod_opens_has_a_policy() -> None:
    objects = rendered(EVERYTHING)
    allowed = {
        (name, str(port["port"]))
        for name, policy in of_kind(objects, "NetworkPolicy").items()
        for rule in policy["spec"].get("ingress", [])
        for port in rule["ports"]
    }
    assert allowed == {
        ("r-shopcast-api", "http"),
        ("r-shopcast-spark", "9108"),
        ("r-shopcast-spark", "7078"),
        ("r-shopcast-spark", "7079"),
    }
    conf = of_kind(objects, "ConfigMap")["r-shopcast-spark"]["data"]["spark-defaults.conf"]
    ports = [line.split()[1] for line in conf.splitlines() if line.split()[0].endswith("ort")]
    assert set(ports) == {"7078", "7079"}


def test_a_stream_is_one_pod_that_is_replaced_and_not_doubled() -> None:
    for name in ("ingest", "refresh"):
        spec = of_kind(rendered(EVERYTHING), "Deployment")[f"r-shopcast-{name}"]["spec"]
        assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"})
    operated = rendered({**EVERYTHING, "streams.mode": "operator"})
    applications = of_kind(operated, "SparkApplication")
    assert {each["spec"]["restartPolicy"]["type"] for each in applications.values()} == {"Always"}
    assert set(of_kind(operated, "Deployment")) == {"r-shopcast-api", "r-shopcast-writer"}


def test_refused_jobs_are_not_tried_again() -> None:
    for job in of_kind(rendered(EVERYTHING), "CronJob").values():
        rules = job["spec"]["jobTemplate"]["spec"]["podFailurePolicy"]["rules"]
        assert rules[0]["onExitCodes"]["values"] == [2, 3]
        assert job["spec"]["concurrencyPolicy"] == "Forbid"


def test_what_writes_goes_to_the_writer() -> None:
    (ingress,) = of_kind(rendered(EVERYTHING), "Ingress").values()
    paths = {
        each["path"]: each["backend"]["service"]["name"]
        for each in ingress["spec"]["rules"][0]["http"]["paths"]
    }
    writer = "r-shopcast-writer"
    assert paths == {
        "/update_data": writer,
        "/train": writer,
        "/overrides": writer,
        "/": "r-shopcast-api",
    }
