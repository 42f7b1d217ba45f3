"""The column types of the lake, as Arrow types, and their names in Spark SQL."""

import pyarrow as pa

TEXT = pa.string()
DATE = pa.date32()
TIMESTAMP = pa.timestamp("us", tz="UTC")
FLAG = pa.bool_()
WHOLE = pa.int32()
COUNT = pa.int64()
FEATURE = pa.float32()
RATE = pa.float64()
BYTES = pa.binary()
ATTRIBUTES = pa.map_(pa.string(), pa.string())
NAMES = pa.list_(pa.string())
UNITS = pa.decimal128(18, 3)
PRICE = pa.decimal128(18, 6)
# Of a month.
SHARE = pa.decimal128(4, 3)
# A sale's revenue is rounded to four decimals before it is summed, so that every order of summing
# whole ten-thousandths gives the same.
REVENUE = pa.decimal128(18, 4)

# Types whose smallest and greatest values the log keeps, so that a reader can skip files.
RANGED = (TEXT, DATE, WHOLE, COUNT)

_SQL_NAMES = {
    TEXT: "STRING",
    DATE: "DATE",
    TIMESTAMP: "TIMESTAMP",
    FLAG: "BOOLEAN",
    WHOLE: "INT",
    COUNT: "BIGINT",
    FEATURE: "FLOAT",
    RATE: "DOUBLE",
    BYTES: "BINARY",
    ATTRIBUTES: "MAP<STRING, STRING>",
    NAMES: "ARRAY<STRING>",
}


def sql_name(arrow_type: pa.DataType) -> str:
    """Name an Arrow type of the lake in Spark SQL."""
    if pa.types.is_decimal(arrow_type):
        return f"DECIMAL({arrow_type.precision},{arrow_type.scale})"
    return _SQL_NAMES[arrow_type]
