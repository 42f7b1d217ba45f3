"""Verdicts: each record accepted as a message for the stream, or rejected with reasons."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import pyarrow as pa
import pyarrow.compute as pc

from ingestion.json_records import read_object

# A message as it is staged: its key, which chooses the partition, and its value.
MESSAGE = pa.schema([("key", pa.binary()), ("value", pa.binary())])
# Names within a rejected record that its sender did not write; readers of records skip them.
LINE, FAULTS, RAW = "_line", "_errors", "_text"
LONGEST_VALUE = 80


@dataclass(frozen=True)
class Fault:
    """One reason why a record is rejected.

    Attributes:
        field: the field at fault; None: the record as a whole.
        code: name of the check that the record breaks, as in bronze.rejected_sales.
        text: sentence with the value and the rule.
    """

    field: str | None
    code: str
    text: str


@dataclass(frozen=True)
class Rejected:
    """A rejected record.

    Attributes:
        line: where the record stands.
        value: the record, or the text that is no record.
        faults: the reasons.
    """

    line: int
    value: bytes
    faults: tuple[Fault, ...]

    def to_json(self) -> bytes:
        """Write the record as a line that can be mended and sent alone as NDJSON."""
        record = read_object(self.value)
        if record is None:
            record = {RAW: self.value.decode(errors="replace")}
        faults = [vars(fault) for fault in self.faults]
        document = {**record, LINE: self.line, FAULTS: faults}
        return json.dumps(document, ensure_ascii=False).encode(errors="replace") + b"\n"


@dataclass(frozen=True)
class Judged:
    """The verdicts on a block of records.

    Attributes:
        lines: int64, where each accepted record stands.
        messages: ``MESSAGE``, one per accepted record, in the records' order.
        rejected: the other records.
    """

    lines: pa.Array
    messages: pa.Table
    rejected: Sequence[Rejected]


class Judge(Protocol):
    """Splits records into accepted and rejected ones."""

    def __call__(self, lines: pa.Array, values: pa.Array) -> Judged:
        """Judge records.

        Args:
            lines: int64, where each record stands.
            values: binary, the records.
        """
        ...


def field_of(code: str, fields: Sequence[str]) -> str | None:
    """Return the field that a check's name begins with; None: the check is about the record."""
    return next((name for name in fields if code.startswith(f"{name}_")), None)


def fault_of(code: str, value: bytes, fields: Sequence[str], rule: str) -> Fault:
    """Describe a broken check of a record."""
    name = field_of(code, fields)
    record = read_object(value)
    if name is None or record is None:
        return Fault(None, code, f"Rule: {rule}.")
    stated = record.get(name)
    text = "is missing" if stated in (None, "") else f"is {shorten(stated)}"
    return Fault(name, code, f"{name} {text}. Rule: {rule}.")


def shorten(value: object) -> str:
    """Write a value for a message, cut to ``LONGEST_VALUE`` characters."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"


def iso(time: datetime) -> str:
    """Write a time, UTC, as records state versions."""
    return time.isoformat().replace("+00:00", "Z")


def with_member(values: pa.Array, name: str, text: str) -> pa.Array:
    """Add a member to JSON objects, binary; a reader takes the last member of a name."""
    ending = f",{json.dumps(name)}:{json.dumps(text)}}}".encode()
    return pc.replace_substring_regex(values, r"\}\s*$", ending.replace(b"\\", b"\\\\"))


def rejections(
    lines: pa.Array, values: pa.Array, faults: Sequence[tuple[Fault, ...]]
) -> Iterator[Rejected]:
    """Pair rejected records with their reasons; all arguments have the same length."""
    for line, value, reasons in zip(lines.to_pylist(), values.to_pylist(), faults, strict=True):
        yield Rejected(line, value, reasons)


def messages_of(keys: pa.Array, values: pa.Array) -> pa.Table:
    """Build a table of ``MESSAGE``."""
    return pa.table([keys.cast(pa.binary()), values.cast(pa.binary())], schema=MESSAGE)
