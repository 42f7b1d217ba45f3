"""Numbers as JSON knows them: what is not finite becomes null."""

from collections.abc import Mapping
from math import isfinite


def finite(value: object) -> object:
    """Replace numbers that JSON does not have, NaN and infinities, by null."""
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, Mapping):
        return {name: finite(each) for name, each in value.items()}
    return [finite(each) for each in value] if isinstance(value, list | tuple) else value
