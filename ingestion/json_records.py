"""JSON records: objects whose fields are read as texts, from file rows and Kafka values."""

import json
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj

# Most bytes of records that Arrow reads at once as one text, to bound memory.
LARGEST_TEXT = 1 << 28
# Up to this many records are read one by one if Arrow cannot read them all; it takes about 1 ms.
ONE_BY_ONE = 64
# A number with a greater exponent keeps the exponent.
LARGEST_EXPONENT = 40
# The end of a key, a JSON number without exponent, and the character that follows the value.
NUMBER_MEMBER = r'("[ \t\r\n]*:[ \t\r\n]*)(-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?)([ \t\r\n]*[,}])'


def write_records(fields: pa.Table) -> pa.Array:
    """Write rows as JSON objects.

    Args:
        fields: texts; a column per field.

    Returns:
        One JSON text per row, the fields in the order of the columns; a null field as JSON null.
    """
    pieces = [
        write_values(column.combine_chunks(), ("," if i else "{") + json.dumps(name) + ":")
        for i, (name, column) in enumerate(zip(fields.column_names, fields.columns, strict=True))
    ]
    return pc.binary_join_element_wise(*pieces, "}", "")


def write_values(texts: pa.Array, prefix: str) -> pa.Array:
    """Write texts as JSON values after a prefix, null as JSON null."""
    coded = texts.dictionary_encode(null_encoding="encode")
    values = [
        prefix + json.dumps(text, ensure_ascii=False) for text in coded.dictionary.to_pylist()
    ]
    return pa.array(values, pa.string()).take(coded.indices)


def number_text(token: str) -> str:
    """Return a JSON number's text as written, but write an exponent in full: 1e1 becomes 10."""
    if "e" not in token and "E" not in token:
        return token
    try:
        number = Decimal(token)
    except InvalidOperation:
        return token
    return format(number, "f") if abs(number.adjusted()) <= LARGEST_EXPONENT else token


def read_object(value: bytes | None) -> dict[str, Any] | None:
    """Read one JSON object, numbers as texts by ``number_text``; None if the value is no object."""
    try:
        parsed = json.loads((value or b"").decode(), parse_float=number_text, parse_int=str)
    except (ValueError, RecursionError):
        return None
    return parsed if isinstance(parsed, dict) else None


def read_records(values: pa.Array, names: Sequence[str]) -> tuple[pa.Table, pa.Array]:
    """Read fields of JSON objects as texts, numbers by ``number_text``.

    Args:
        values: JSON in UTF-8, binary; null where a value is missing.
        names: the fields to read.

    Returns:
        The fields, a row per value, null where missing; and a flag per value, true where the
        value is no record: no JSON object in UTF-8, or a field is neither text nor number.
    """
    schema = pa.schema([(name, pa.string()) for name in names])
    is_object = pc.fill_null(
        pc.and_(pc.starts_with(values, b"{"), pc.ends_with(values, b"}")), False
    )
    objects = values.filter(is_object)
    read, is_no_record = read_objects(objects, schema)
    if len(objects) == len(values):
        return read, is_no_record
    others, is_malformed = read_one_by_one(values.filter(pc.invert(is_object)), schema)
    places = merged_places(is_object)
    malformed = pa.concat_arrays([is_no_record, is_malformed])
    return pa.concat_tables([read, others]).take(places), malformed.take(places)


def merged_places(is_first: pa.Array) -> pa.Array:
    """Return each row's index after all rows flagged true are moved before all other rows."""
    first = pc.cumulative_sum(is_first.cast(pa.int64()))
    other = pc.add(pc.cumulative_sum(pc.invert(is_first).cast(pa.int64())), pc.sum(is_first))
    return pc.subtract(pc.if_else(is_first, first, other), 1)


def read_objects(objects: pa.Array, schema: pa.Schema) -> tuple[pa.Table, pa.Array]:
    """Read JSON objects in bulk; halve until only the part Arrow cannot read is read one by one.

    Args:
        objects: JSON, binary without null, each ``{…}``.
        schema: the fields to read.

    Returns:
        As ``read_records``.
    """
    read = read_at_once(objects, schema)
    if read is not None:
        return read, pa.repeat(False, len(objects))
    if len(objects) <= ONE_BY_ONE:
        return read_one_by_one(objects, schema)
    half = len(objects) // 2
    parts = [read_objects(part, schema) for part in (objects[:half], objects[half:])]
    return (
        pa.concat_tables([fields for fields, _ in parts]),
        pa.concat_arrays([is_malformed for _, is_malformed in parts]),
    )


def read_at_once(objects: pa.Array, schema: pa.Schema) -> pa.Table | None:
    """Read JSON objects whose values are texts, numbers without exponent, or null.

    Every value starts with ``{`` and ends with ``}``, and Arrow refuses a nested object and a line
    end in a text. So if Arrow reads as many objects as values, each value is one object.

    Args:
        objects: JSON, binary without null, each ``{…}``.
        schema: the fields to read.

    Returns:
        The fields; None where a field has another type.
    """
    if not len(objects):
        return schema.empty_table()
    if objects.nbytes > LARGEST_TEXT:
        return None
    return parse_texts(objects, schema) or parse_texts(quote_numbers(objects), schema)


def quote_numbers(objects: pa.Array) -> pa.Array:
    """Put quotes around the numbers of JSON objects, so that Arrow keeps the digits as written.

    If a text contains what looks like a member with a number, the added quote ends the text before
    a digit. The result is invalid JSON, so Arrow never reads an object as a different one.
    """
    return pc.replace_substring_regex(objects, NUMBER_MEMBER, r'\1"\2"\3')


def parse_texts(objects: pa.Array, schema: pa.Schema) -> pa.Table | None:
    """Parse JSON objects whose values are texts or null; None where Arrow cannot read them."""
    lines = pc.binary_join(pa.ListArray.from_arrays([0, len(objects)], objects), b"\n")
    parsing = pj.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore")
    reading = pj.ReadOptions(use_threads=False, block_size=objects.nbytes + 2 * len(objects) + 16)
    try:
        read = pj.read_json(pa.BufferReader(lines[0].as_buffer()), reading, parsing)
    except pa.ArrowInvalid:
        return None
    return read if len(read) == len(objects) else None


def read_one_by_one(values: pa.Array, schema: pa.Schema) -> tuple[pa.Table, pa.Array]:
    """Read JSON objects of any kind; same results as ``read_records``, but slower."""
    records = [read_record(value, schema.names) for value in values.to_pylist()]
    table = pa.Table.from_pylist([record or {} for record in records], schema)
    return table, pa.array([record is None for record in records], pa.bool_())


def read_record(value: bytes | None, names: Sequence[str]) -> dict[str, str | None] | None:
    """Read fields of one JSON object; None where the value is not a record."""
    record = read_object(value)
    if record is None:
        return None
    fields = {name: record.get(name) for name in names}
    return fields if all(is_text(field) for field in fields.values()) else None


def is_text(field: object) -> bool:
    """Return whether a field is missing or a text that can be encoded as UTF-8."""
    if not isinstance(field, str):
        return field is None
    return not any("\ud800" <= character <= "\udfff" for character in field)
