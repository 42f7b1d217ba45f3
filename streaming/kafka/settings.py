"""Kafka settings from the environment, as options for Spark and for kafka-python."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from lakehouse.errors import UsageError
from streaming.kafka.credentials import identity, login, revealed, trust, variable, with_secrets

SALES, CATALOGUE = "daily-sales", "catalogue"
# Kafka's default, read_uncommitted, also delivers records of aborted transactions.
ISOLATION = "read_committed"


class KafkaSettings(BaseSettings):
    """Address of Kafka, encryption and login, from the environment variables KAFKA_*.

    A secret can come from a file, as Kubernetes mounts secrets: set KAFKA_SASL_PASSWORD_FILE
    instead of KAFKA_SASL_PASSWORD. The PEM files must have the same path on every Spark machine.
    """

    model_config = SettingsConfigDict(
        env_prefix="KAFKA_",
        frozen=True,
        extra="ignore",
        env_ignore_empty=True,
        hide_input_in_errors=True,
    )

    bootstrap_servers: str | None = Field(None, description="HOST:PORT, more after commas")
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] | None = None
    sasl_username: str | None = None
    sasl_password: SecretStr | None = None
    sasl_password_file: Path | None = Field(None, description="file of sasl_password")
    ssl_cafile: Path | None = Field(None, description="PEM: whom we trust; unset: the system's")
    ssl_certfile: Path | None = Field(None, description="PEM: our certificate and its chain")
    ssl_keyfile: Path | None = Field(
        None, description="PEM, PKCS 8: our private key, where ssl_certfile does not hold it"
    )
    ssl_password: SecretStr | None = Field(
        None,
        # Java 17 cannot read openssl's default encryption of keys (PBES2).
        description="of a private key encrypted by openssl pkcs8 -topk8 -v1 PBE-SHA1-3DES",
    )
    ssl_password_file: Path | None = Field(None, description="file of ssl_password")
    sales_topic: str = Field(SALES, description="topic of sales records")
    catalogue_topic: str = Field(CATALOGUE, description="topic of shops and items")

    @model_validator(mode="before")
    @classmethod
    def _secrets_from_files(cls, values: dict[str, Any]) -> dict[str, Any]:
        return with_secrets(values)

    @model_validator(mode="after")
    def _complete(self) -> "KafkaSettings":
        if self.has_login and None in (self.sasl_mechanism, self.sasl_username, self.sasl_password):
            raise UsageError(
                f"KAFKA_SECURITY_PROTOCOL is {self.security_protocol}: set KAFKA_SASL_MECHANISM, "
                "KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD (or KAFKA_SASL_PASSWORD_FILE)."
            )
        if self.ssl_keyfile and not self.ssl_certfile:
            raise UsageError("KAFKA_SSL_KEYFILE goes with a certificate: set KAFKA_SSL_CERTFILE.")
        return self

    @property
    def has_login(self) -> bool:
        """Return whether the protocol logs in with a name and a password (SASL)."""
        return self.security_protocol.startswith("SASL")

    @property
    def has_tls(self) -> bool:
        """Return whether the connection is encrypted."""
        return self.security_protocol.endswith("SSL")

    @property
    def servers(self) -> str:
        """The bootstrap servers, HOST:PORT separated by commas.

        Raises:
            UsageError: no server is named; set KAFKA_BOOTSTRAP_SERVERS.
        """
        if not self.bootstrap_servers:
            raise UsageError(
                "No Kafka broker is named: pass --bootstrap-servers HOST:PORT "
                "or set KAFKA_BOOTSTRAP_SERVERS."
            )
        return self.bootstrap_servers

    def spark_options(self) -> dict[str, str]:
        """Return the options of Spark's Kafka source, which hold secrets: never log the options.

        With these options Spark skips records of aborted and uncommitted transactions.

        Raises:
            UsageError: no broker is named, or a PEM file cannot be read.
        """
        options = {
            "bootstrap.servers": self.servers,
            "security.protocol": self.security_protocol,
            "isolation.level": ISOLATION,
        }
        if self.sasl_mechanism and self.sasl_username and self.sasl_password and self.has_login:
            options |= login(self.sasl_mechanism, self.sasl_username, self.sasl_password)
        if self.has_tls:
            options |= trust(self.ssl_cafile)
            options |= identity(self.ssl_certfile, self.ssl_keyfile, self.ssl_password)
        return {f"kafka.{name}": value for name, value in options.items()}

    def consumer_options(self) -> dict[str, Any]:
        """Return kafka-python's options for a consumer, with the isolation of Spark's source."""
        return {**self.client_options(), "isolation_level": ISOLATION}

    def client_options(self) -> dict[str, Any]:
        """Return kafka-python's options for producer and admin clients.

        The options hold secrets: never log the options.

        Raises:
            UsageError: no broker is named; set KAFKA_BOOTSTRAP_SERVERS.
        """
        options = {
            "bootstrap_servers": self.servers.split(","),
            "security_protocol": self.security_protocol,
            "sasl_mechanism": self.sasl_mechanism,
            "sasl_plain_username": self.sasl_username,
            "sasl_plain_password": revealed(self.sasl_password),
            "ssl_cafile": self.ssl_cafile and str(self.ssl_cafile),
            "ssl_certfile": self.ssl_certfile and str(self.ssl_certfile),
            "ssl_keyfile": self.ssl_keyfile and str(self.ssl_keyfile),
            "ssl_password": revealed(self.ssl_password),
        }
        return {name: value for name, value in options.items() if value is not None}


def kafka_settings(given: Mapping[str, object]) -> KafkaSettings:
    """Read the settings from the environment; values of the command line take precedence.

    Args:
        given: setting → value of the command line; None: not given. Other names are ignored.

    Raises:
        UsageError: a setting has a wrong value or needs another setting; names each variable.
    """
    try:
        return KafkaSettings(**{k: v for k, v in given.items() if v is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        faults = [f"{variable(str(f['loc'][0]))}: {f['msg']}." for f in error.errors()]
        raise UsageError(" ".join(faults)) from None
