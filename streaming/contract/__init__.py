"""Message contract: the JSON Schemas of Kafka's messages, and their validation."""

import json
from functools import cache
from importlib import resources
from typing import Any

from jsonschema import Draft202012Validator

DAILY_SALES, CATALOGUE = "daily-sales", "catalogue"


def schema(name: str) -> dict[str, Any]:
    """Load the JSON Schema of a kind of message: ``daily-sales`` or ``catalogue``."""
    text = (resources.files(__name__) / f"{name}.schema.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


@cache
def validator(name: str) -> Draft202012Validator:
    """Return the validator of a kind of message, which also checks that dates exist."""
    return Draft202012Validator(schema(name), format_checker=Draft202012Validator.FORMAT_CHECKER)


def faults(name: str, message: object) -> list[str]:
    """List the faults of a message under the contract.

    Args:
        name: kind of message, ``daily-sales`` or ``catalogue``.
        message: the message, a result of ``json.loads``.

    Returns:
        A sentence per fault with the JSON path, sorted; empty: the message keeps the contract.
    """
    errors = validator(name).iter_errors(message)
    return sorted(f"{error.json_path}: {error.message}" for error in errors)
