"""The Parquet column types that shopcast can read, that is, write as texts."""

from collections.abc import Mapping

import pyarrow as pa

from lakehouse.errors import SourceError
from lakehouse.tables.inputs import INPUTS
from lakehouse.types import DATE

# Fields that are a day in sales, lists and inputs; a timestamp in any other field keeps the time.
DAYS = {"date", "listed_on"} | {
    column.name for each in INPUTS.values() for column in each.table.columns if column.type == DATE
}


def require_values(types: Mapping[str, pa.DataType], fields: Mapping[str, str], file: str) -> None:
    """Check that the columns of a Parquet file have types that can be written as texts.

    Args:
        types: types of the file's columns, by name; empty for a text file.
        fields: shopcast's field names → columns.
        file: URI or name of the file, for the message.

    Raises:
        SourceError: a column has times of day, durations, lists or structures; write the column
            as a text, number, date or timestamp.
    """
    for name, column in fields.items():
        arrow_type = types.get(column)
        if arrow_type is None or is_value(arrow_type):
            continue
        if name in DAYS:
            remedy = "write it as a date, a timestamp or a text"
        else:
            remedy = "write it as a text or a number"
        raise SourceError(
            f"{file}: column '{column}' ({name}) is {arrow_type}, no value; {remedy}."
        )


def is_value(arrow_type: pa.DataType) -> bool:
    """Return whether the values of a type can be written as texts."""
    if pa.types.is_dictionary(arrow_type):
        return is_value(arrow_type.value_type)
    tests = (
        is_text,
        *(pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal, pa.types.is_boolean),
        *(pa.types.is_date, pa.types.is_timestamp, pa.types.is_null),
    )
    return any(test(arrow_type) for test in tests)


def is_text(arrow_type: pa.DataType) -> bool:
    """Return whether an Arrow type holds texts, given as strings or as bytes."""
    tests = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
    return any(test(arrow_type) for test in (*tests, pa.types.is_binary, pa.types.is_large_binary))
