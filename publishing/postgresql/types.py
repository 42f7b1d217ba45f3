"""Column types: Arrow types of the lake → PostgreSQL types."""

import pyarrow as pa

from lakehouse.types import (
    ATTRIBUTES,
    COUNT,
    DATE,
    FEATURE,
    FLAG,
    NAMES,
    RATE,
    TEXT,
    TIMESTAMP,
    WHOLE,
)

_SQL_NAMES = {
    TEXT: "text",
    DATE: "date",
    TIMESTAMP: "timestamp with time zone",
    FLAG: "boolean",
    WHOLE: "integer",
    COUNT: "bigint",
    FEATURE: "real",
    RATE: "double precision",
    ATTRIBUTES: "jsonb",
    NAMES: "jsonb",
}


def postgresql_type(arrow_type: pa.DataType) -> str:
    """Return the PostgreSQL type that holds every value of an Arrow type of the lake."""
    if pa.types.is_decimal(arrow_type):
        return f"numeric({arrow_type.precision},{arrow_type.scale})"
    return _SQL_NAMES[arrow_type]
