"""Column types of the lake: Arrow types and their Spark SQL names."""

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
# Dictionary-encoded texts, the form of ids in memory; no column of a table has this type.
CODED = pa.dictionary(pa.int32(), TEXT)
UNITS = pa.decimal128(18, 3)
PRICE = pa.decimal128(18, 6)
# A share of a month, in thousandths.
SHARE = pa.decimal128(4, 3)
# Each sale's revenue is rounded to four decimals before it is summed: sums of whole ten-thousandths
# are exact, so that every order of summing gives the same total.
REVENUE = pa.decimal128(18, 4)

# Types whose minimum and maximum per file the Delta log keeps, so that a reader can skip files.
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
    """Return the Spark SQL name of an Arrow type of the lake."""
    if pa.types.is_decimal(arrow_type):
        return f"DECIMAL({arrow_type.precision},{arrow_type.scale})"
    return _SQL_NAMES[arrow_type]


def value_type(arrow_type: pa.DataType) -> pa.DataType:
    """Return the type of a column's values; for a dictionary column, the type of the entries."""
    return arrow_type.value_type if pa.types.is_dictionary(arrow_type) else arrow_type
