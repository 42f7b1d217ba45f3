"""JSON-safe numbers: NaN and infinities replaced by null."""

from collections.abc import Mapping
from math import isfinite


def finite(value: object) -> object:
    """Replace NaN and infinities, which JSON lacks, by null, in mappings and lists too."""
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, Mapping):
        return {name: finite(each) for name, each in value.items()}
    return [finite(each) for each in value] if isinstance(value, list | tuple) else value
