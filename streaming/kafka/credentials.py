"""Kafka credentials: passwords and PEM files → settings of Kafka's Java client."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from lakehouse.errors import UsageError

SECRETS = ("sasl_password", "ssl_password")
LOGIN_MODULES = {
    "PLAIN": "org.apache.kafka.common.security.plain.PlainLoginModule",
    "SCRAM-SHA-256": "org.apache.kafka.common.security.scram.ScramLoginModule",
    "SCRAM-SHA-512": "org.apache.kafka.common.security.scram.ScramLoginModule",
}


def with_secrets(values: Mapping[str, Any]) -> dict[str, Any]:
    """Replace each setting ``<secret>_file`` by the secret that the file holds.

    Raises:
        UsageError: a file cannot be read, or both the secret and its file are set; unset one.
    """
    settings = dict(values)
    for name in SECRETS:
        file = settings.pop(f"{name}_file", None)
        if file is not None and settings.get(name) is not None:
            raise UsageError(f"{variable(name)} and {variable(name)}_FILE are set: leave one out.")
        if file is not None:
            settings[name] = SecretStr(text_of(Path(file), f"{name}_file").rstrip("\r\n"))
    return settings


def text_of(path: Path, setting: str) -> str:
    """Read the text file that a setting names.

    Raises:
        UsageError: the file cannot be read, or is not UTF-8; names the environment variable.
    """
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not text in UTF-8"
        raise UsageError(f"{variable(setting)}: {path}: {reason}.") from None


def variable(setting: str) -> str:
    """Return the name of a setting's environment variable."""
    return f"KAFKA_{setting.upper()}"


def revealed(secret: SecretStr | None) -> str | None:
    """Return a secret in plain text; None: no secret is set."""
    return secret.get_secret_value() if secret else None


def login(mechanism: str, username: str, password: SecretStr) -> dict[str, str]:
    """Return Kafka's settings for a login with name and password (SASL)."""
    parts = (
        f"{LOGIN_MODULES[mechanism]} required",
        f"username={quoted(username)}",
        f"password={quoted(password.get_secret_value())};",
    )
    return {"sasl.mechanism": mechanism, "sasl.jaas.config": " ".join(parts)}


def quoted(text: str) -> str:
    """Quote a text for a JAAS configuration."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def trust(cafile: Path | None) -> dict[str, str]:
    """Return Kafka's settings for the trusted certificates; empty: Java's defaults apply."""
    if cafile is None:
        return {}
    return {"ssl.truststore.type": "PEM", "ssl.truststore.location": str(cafile)}


def identity(
    certfile: Path | None, keyfile: Path | None, password: SecretStr | None
) -> dict[str, str]:
    """Return Kafka's settings for the client's certificate and private key.

    Java reads either one file with key and certificates, or both as texts. A key in a separate
    file is therefore passed as text, which Kafka and Spark hide in their logs like passwords.

    Args:
        certfile: PEM file of the certificate chain; None: no client certificate.
        keyfile: PEM file of the private key; None: ``certfile`` holds the key.
        password: password of the private key.

    Raises:
        UsageError: a file cannot be read.
    """
    if certfile is None:
        return {}
    secret = revealed(password)
    store = {"ssl.keystore.type": "PEM", **({"ssl.key.password": secret} if secret else {})}
    if keyfile is None:
        return {**store, "ssl.keystore.location": str(certfile)}
    return {
        **store,
        "ssl.keystore.certificate.chain": text_of(certfile, "ssl_certfile"),
        "ssl.keystore.key": text_of(keyfile, "ssl_keyfile"),
    }
