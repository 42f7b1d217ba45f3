"""The contract of messages: JSON Schemas, and what is wrong with a message under them."""

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
    """Make the validator of a kind of message, which checks that dates are days, too."""
    return Draft202012Validator(schema(name), format_checker=Draft202012Validator.FORMAT_CHECKER)


def faults(name: str, message: Any) -> list[str]:
    """Say what is wrong with a message.

    Args:
        name: kind of message.
        message: as ``json.loads`` returns it.

    Returns:
        A sentence per fault, each with its place; none: the message keeps the contract.
    """
    found = validator(name).iter_errors(message)
    return sorted(f"{error.json_path}: {error.message}" for error in found)
