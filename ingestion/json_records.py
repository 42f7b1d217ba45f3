"""Records as JSON objects whose fields are texts: a file's row and a Kafka value alike."""

import json
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj

# Arrow reads many records at once as one text; above this it would not be bounded.
LARGEST_TEXT = 1 << 28
# Records near one of another kind, which are read one by one: a millisecond.
ONE_BY_ONE = 64
# A number with a greater exponent is not written in full.
LARGEST_EXPONENT = 40
# The end of a key, a number without exponent as JSON writes it, and what follows a value.
NUMBER_MEMBER = r'("[ \t\r\n]*:[ \t\r\n]*)(-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?)([ \t\r\n]*[,}])'


def write_records(fields: pa.Table) -> pa.Array:
    """Write rows as JSON objects.

    Args:
        fields: texts; a column per field.

    Returns:
        One JSON text per row, the fields in the order of the columns, null where the row has none.
    """
    pieces = [
        written(column.combine_chunks(), ("," if i else "{") + json.dumps(name) + ":")
        for i, (name, column) in enumerate(zip(fields.column_names, fields.columns, strict=True))
    ]
    return pc.binary_join_element_wise(*pieces, "}", "")


def written(texts: pa.Array, prefix: str) -> pa.Array:
    """Write texts as JSON values behind a prefix, null as null."""
    coded = texts.dictionary_encode(null_encoding="encode")
    values = [
        prefix + json.dumps(text, ensure_ascii=False) for text in coded.dictionary.to_pylist()
    ]
    return pa.array(values, pa.string()).take(coded.indices)


def number_text(token: str) -> str:
    """Return a JSON number as it is written, one with an exponent in full: 1e1 is 10."""
    if "e" not in token and "E" not in token:
        return token
    try:
        number = Decimal(token)
    except InvalidOperation:
        return token
    return format(number, "f") if abs(number.adjusted()) <= LARGEST_EXPONENT else token


def read_object(value: bytes | None) -> dict[str, Any] | None:
    """Read one JSON object, numbers as ``number_text`` writes them; None: it is none."""
    try:
        read = json.loads((value or b"").decode(), parse_float=number_text, parse_int=str)
    except (ValueError, RecursionError):
        return None
    return read if isinstance(read, dict) else None


def read_records(values: pa.Array, names: Sequence[str]) -> tuple[pa.Table, pa.Array]:
    """Read JSON objects as texts, numbers as ``number_text`` writes them.

    Args:
        values: JSON in UTF-8, binary; null: no value.
        names: the fields wanted.

    Returns:
        The fields, a row per value, null where missing; and which values are not records: no JSON
        object in UTF-8, or a field that is neither text nor a number.
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
    """Say where each row went when those of a first kind were put before the others."""
    first = pc.cumulative_sum(is_first.cast(pa.int64()))
    other = pc.add(pc.cumulative_sum(pc.invert(is_first).cast(pa.int64())), pc.sum(is_first))
    return pc.subtract(pc.if_else(is_first, first, other), 1)


def read_objects(objects: pa.Array, schema: pa.Schema) -> tuple[pa.Table, pa.Array]:
    """Read JSON objects at once, those near one that Arrow does not take one by one.

    Args:
        objects: JSON, binary without null, each ``{…}``.
        schema: the fields wanted.

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

    Every value begins and ends as an object does, and Arrow takes neither a nested object nor a
    line end in a text: as many objects as values means one object in each.

    Args:
        objects: JSON, binary without null, each ``{…}``.
        schema: the fields wanted.

    Returns:
        The fields; None where the values are anything else.
    """
    if not len(objects):
        return schema.empty_table()
    if objects.nbytes > LARGEST_TEXT:
        return None
    return parse_texts(objects, schema) or parse_texts(quote_numbers(objects), schema)


def quote_numbers(objects: pa.Array) -> pa.Array:
    """Write the numbers of JSON objects as texts, so that Arrow keeps them as they are written.

    Where what looks like a member with a number stands within a text, the quote put there ends
    the text before a digit: that is no JSON, and no object is taken for another one.
    """
    return pc.replace_substring_regex(objects, NUMBER_MEMBER, r'\1"\2"\3')


def parse_texts(objects: pa.Array, schema: pa.Schema) -> pa.Table | None:
    """Parse JSON objects whose values are all texts or null; as ``read_at_once``."""
    lines = pc.binary_join(pa.ListArray.from_arrays([0, len(objects)], objects), b"\n")
    parsing = pj.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore")
    reading = pj.ReadOptions(use_threads=False, block_size=objects.nbytes + 2 * len(objects) + 16)
    try:
        read = pj.read_json(pa.BufferReader(lines[0].as_buffer()), reading, parsing)
    except pa.ArrowInvalid:
        return None
    return read if len(read) == len(objects) else None


def read_one_by_one(values: pa.Array, schema: pa.Schema) -> tuple[pa.Table, pa.Array]:
    """Read JSON objects of any kind; the same results as ``read_records``, more slowly."""
    records = [read_record(value, schema.names) for value in values.to_pylist()]
    table = pa.Table.from_pylist([record or {} for record in records], schema)
    return table, pa.array([record is None for record in records], pa.bool_())


def read_record(value: bytes | None, names: Sequence[str]) -> dict[str, str | None] | None:
    """Read the fields of one JSON object; None where the value is not a record."""
    record = read_object(value)
    if record is None:
        return None
    fields = {name: record.get(name) for name in names}
    return fields if all(is_text(field) for field in fields.values()) else None


def is_text(field: Any) -> bool:
    """Say whether a field is missing or a text that UTF-8 can write."""
    if not isinstance(field, str):
        return field is None
    return not any("\ud800" <= character <= "\udfff" for character in field)
