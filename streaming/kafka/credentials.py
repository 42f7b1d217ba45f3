"""Secrets and certificates: from where they lie into the words that Kafka's Java client reads."""

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
    """Replace the settings ``…_file`` by what their files hold.

    Raises:
        UsageError: a file cannot be read, or the secret is given twice.
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
    """Read a file that a setting names.

    Raises:
        UsageError: it cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not text in UTF-8"
        raise UsageError(f"{variable(setting)}: {path}: {reason}.") from None


def variable(setting: str) -> str:
    """Name the environment variable of a setting."""
    return f"KAFKA_{setting.upper()}"


def revealed(secret: SecretStr | None) -> str | None:
    """Return a secret in clear."""
    return secret.get_secret_value() if secret else None


def login(mechanism: str, username: str, password: SecretStr) -> dict[str, str]:
    """Write Kafka's settings of a login by name and password."""
    parts = (
        f"{LOGIN_MODULES[mechanism]} required",
        f"username={quoted(username)}",
        f"password={quoted(password.get_secret_value())};",
    )
    return {"sasl.mechanism": mechanism, "sasl.jaas.config": " ".join(parts)}


def quoted(text: str) -> str:
    """Quote a text as JAAS reads it."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def trust(cafile: Path | None) -> dict[str, str]:
    """Write Kafka's settings of whom we trust; none: whom Java trusts."""
    if cafile is None:
        return {}
    return {"ssl.truststore.type": "PEM", "ssl.truststore.location": str(cafile)}


def identity(
    certfile: Path | None, keyfile: Path | None, password: SecretStr | None
) -> dict[str, str]:
    """Write Kafka's settings of who we are.

    Java reads one file with key and certificates, or both as texts: a key in a file of its own is
    passed as text, which Kafka and Spark hide in their logs as they do passwords.

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
