"""Cache of values read from a version of a table; a version never changes."""

from collections.abc import Callable
from typing import Generic, TypeVar

from deltalake import DeltaTable

Value = TypeVar("Value")
# (URI, table id, version). The id distinguishes tables created at one URI after each other.
Key = tuple[str, str, int]
MOST_KEPT = 64


class VersionCache(Generic[Value]):
    """Values by table version; the newest ``MOST_KEPT`` are kept."""

    def __init__(self) -> None:
        self._values: dict[Key, Value] = {}

    def get(self, opened: DeltaTable, read: Callable[[DeltaTable], Value]) -> Value:
        """Return the value of an opened version, reading it unless it was read before."""
        key = (opened.table_uri, str(opened.metadata().id), int(opened.version()))
        if key not in self._values:
            value = read(opened)
            if len(self._values) >= MOST_KEPT:
                self._values.pop(next(iter(self._values)))
            self._values[key] = value
        return self._values[key]
