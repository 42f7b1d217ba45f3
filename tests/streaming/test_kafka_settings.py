"""Kafka is reached as the environment says, and no secret shows in what may be logged."""

from pathlib import Path
from typing import Any

import pytest

from lakehouse.errors import UsageError
from streaming.kafka.settings import KafkaSettings, kafka_settings

SERVERS = "kafka-0:9092,kafka-1:9092"
LOGIN = {
    "KAFKA_BOOTSTRAP_SERVERS": SERVERS,
    "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
    "KAFKA_SASL_MECHANISM": "SCRAM-SHA-512",
    "KAFKA_SASL_USERNAME": "shopcast",
    "KAFKA_SASL_PASSWORD": 'se"cr\\et',
}


def settings(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]) -> KafkaSettings:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return kafka_settings({})


def test_a_plain_broker_needs_no_more_than_its_address() -> None:
    kafka = kafka_settings({"bootstrap_servers": SERVERS, "profile": "1c"})
    assert kafka.spark_options() == {
        "kafka.bootstrap.servers": SERVERS,
        "kafka.security.protocol": "PLAINTEXT",
        "kafka.isolation.level": "read_committed",
    }
    assert kafka.client_options() == {
        "bootstrap_servers": ["kafka-0:9092", "kafka-1:9092"],
        "security_protocol": "PLAINTEXT",
    }
    assert (kafka.sales_topic, kafka.catalogue_topic) == ("daily-sales", "catalogue")


def test_the_command_line_comes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "other:9092")
    assert kafka_settings({"bootstrap_servers": SERVERS}).servers == SERVERS
    assert kafka_settings({"bootstrap_servers": None}).servers == "other:9092"


@pytest.mark.parametrize("use", [KafkaSettings.spark_options, KafkaSettings.client_options])
@pytest.mark.parametrize("empty", [{}, {"KAFKA_BOOTSTRAP_SERVERS": ""}])
def test_a_missing_broker_is_named(
    monkeypatch: pytest.MonkeyPatch, use: Any, empty: dict[str, str]
) -> None:
    kafka = settings(monkeypatch, empty)
    with pytest.raises(UsageError, match=r"--bootstrap-servers .* KAFKA_BOOTSTRAP_SERVERS"):
        use(kafka)


def test_a_login_is_written_for_both_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    kafka = settings(monkeypatch, {**LOGIN, "KAFKA_SSL_CAFILE": "/etc/kafka/ca.pem"})
    assert kafka.spark_options() == {
        "kafka.bootstrap.servers": SERVERS,
        "kafka.security.protocol": "SASL_SSL",
        "kafka.isolation.level": "read_committed",
        "kafka.sasl.mechanism": "SCRAM-SHA-512",
        "kafka.sasl.jaas.config": "org.apache.kafka.common.security.scram.ScramLoginModule "
        r'required username="shopcast" password="se\"cr\\et";',
        "kafka.ssl.truststore.type": "PEM",
        "kafka.ssl.truststore.location": "/etc/kafka/ca.pem",
    }
    assert kafka.client_options() == {
        "bootstrap_servers": ["kafka-0:9092", "kafka-1:9092"],
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": "shopcast",
        "sasl_plain_password": 'se"cr\\et',
        "ssl_cafile": "/etc/kafka/ca.pem",
    }


def test_plain_has_a_login_module_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    kafka = settings(monkeypatch, {**LOGIN, "KAFKA_SASL_MECHANISM": "PLAIN"})
    assert ".plain.PlainLoginModule " in kafka.spark_options()["kafka.sasl.jaas.config"]


def test_a_certificate_in_one_file_is_named_and_in_two_is_passed_on(tmp_path: Path) -> None:
    certificate, key = tmp_path / "tls.crt", tmp_path / "tls.key"
    certificate.write_text("the certificate")
    key.write_text("the key")
    given = {"bootstrap_servers": SERVERS, "security_protocol": "SSL", "ssl_certfile": certificate}
    one = kafka_settings(given).spark_options()
    two = kafka_settings({**given, "ssl_keyfile": key, "ssl_password": "secret"}).spark_options()
    assert one["kafka.ssl.keystore.location"] == str(certificate)
    assert one["kafka.ssl.keystore.type"] == two["kafka.ssl.keystore.type"] == "PEM"
    assert two["kafka.ssl.keystore.certificate.chain"] == "the certificate"
    assert two["kafka.ssl.keystore.key"] == "the key"
    assert two["kafka.ssl.key.password"] == "secret"
    assert "kafka.ssl.keystore.location" not in two


@pytest.mark.parametrize("secret", ["SASL_PASSWORD", "SSL_PASSWORD"])
def test_a_secret_may_lie_in_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, secret: str
) -> None:
    file = tmp_path / "secret"
    file.write_text("from the file\n")
    monkeypatch.setenv(f"KAFKA_{secret}_FILE", str(file))
    kafka = kafka_settings({"bootstrap_servers": SERVERS})
    assert "from the file" in kafka.client_options().values()


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({"KAFKA_SECURITY_PROTOCOL": "TLS"}, "KAFKA_SECURITY_PROTOCOL: Input should be"),
        ({**LOGIN, "KAFKA_SASL_MECHANISM": "GSSAPI"}, "KAFKA_SASL_MECHANISM: Input should be"),
        ({**LOGIN, "KAFKA_SASL_PASSWORD": ""}, "set KAFKA_SASL_MECHANISM, KAFKA_SASL_USERNAME"),
        ({**LOGIN, "KAFKA_SASL_PASSWORD_FILE": "/nowhere"}, "leave one out"),
        ({"KAFKA_SSL_PASSWORD_FILE": "/nowhere"}, "KAFKA_SSL_PASSWORD_FILE: /nowhere: No such"),
        ({"KAFKA_SSL_KEYFILE": "/nowhere"}, "set KAFKA_SSL_CERTFILE"),
    ],
)
def test_a_wrong_setting_is_named_without_the_secret(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], sentence: str
) -> None:
    with pytest.raises(UsageError) as refused:
        settings(monkeypatch, environment)
    assert sentence in str(refused.value)
    assert LOGIN["KAFKA_SASL_PASSWORD"] not in str(refused.value)


def test_no_secret_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = {"KAFKA_SASL_PASSWORD": "hunter-1", "KAFKA_SSL_PASSWORD": "hunter-2"}
    kafka = settings(monkeypatch, {**LOGIN, **secrets})
    shown = f"{kafka!r} {kafka} {kafka.model_dump()} {kafka.model_dump_json()}"
    assert "hunter" in str(kafka.client_options())
    assert "hunter" not in shown


def test_settings_do_not_change(monkeypatch: pytest.MonkeyPatch) -> None:
    kafka = settings(monkeypatch, LOGIN)
    with pytest.raises(ValueError, match="frozen"):
        kafka.sales_topic = "other"  # type: ignore[misc]
