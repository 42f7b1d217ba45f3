"""Copies of units: each the rows of one unit in a table that becomes a partition when published."""

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.csv as pa_csv
from psycopg import sql

from lakehouse.faults import reach
from lakehouse.lake import Lake
from lakehouse.types import ATTRIBUTES, NAMES
from publishing.contents import CopiedTable
from publishing.postgresql.connection import Connection, fetch
from publishing.units import Unit

# An empty text is quoted and a null is not, which PostgreSQL distinguishes in CSV.
WRITE = pa_csv.WriteOptions(include_header=False, quoting_style="all_valid")


@dataclass(frozen=True)
class Copy:
    """A finished copy of a unit: a row of the table ``copies``.

    Attributes:
        number: number of the copy, the partition key.
        table: name of the table.
        unit: name of the unit.
        state: the unit's state in the lake when the copy was made.
        rows: number of rows.
        is_published: whether readers see the copy.
    """

    number: int
    table: str
    unit: str
    state: str
    rows: int
    is_published: bool

    @property
    def of(self) -> tuple[str, str]:
        """The table and unit that the copy is of."""
        return self.table, self.unit


def list_copies(connection: Connection, schema: str) -> list[Copy]:
    """List the copies that readers see, and those not published yet."""
    query = sql.SQL(
        "SELECT copy, table_name, unit, state, rows, published_at IS NOT NULL FROM {} "
        "WHERE superseded_at IS NULL ORDER BY copy"
    ).format(sql.Identifier(schema, "copies"))
    return [Copy(*row) for row in fetch(connection, query)]  # type: ignore[arg-type]


def partition(schema: str, table: str, number: int) -> sql.Identifier:
    """Return the name of the table that holds a copy."""
    return sql.Identifier(schema, f"{table}_{number}")


def make_copy(
    connection: Connection, schema: str, lake: Lake, table: CopiedTable, unit: Unit
) -> Copy:
    """Copy the rows of a unit into a new table in one transaction, unseen by readers.

    Raises:
        LakeError: forecasts of a published version are missing or not sound; forecast again, or
            withdraw the version.
    """
    with connection.transaction():
        insert = sql.SQL(
            "INSERT INTO {} (table_name, unit, state, rows) VALUES (%s, %s, %s, 0) RETURNING copy"
        ).format(sql.Identifier(schema, "copies"))
        number = fetch(connection, insert, table.name, unit.name, unit.state)[0][0]
        assert isinstance(number, int)
        target = partition(schema, table.name, number)
        create_partition(connection, sql.Identifier(schema, table.name), target, number)
        rows = load(connection, target, lake, table, unit)
        constrain(connection, target, table, unit)
        reach(f"before postgresql {table.name}")
        count = sql.SQL("UPDATE {} SET rows = %s WHERE copy = %s")
        connection.execute(count.format(sql.Identifier(schema, "copies")), (rows, number))
    return Copy(number, table.name, unit.name, unit.state, rows, is_published=False)


def create_partition(
    connection: Connection, parent: sql.Identifier, target: sql.Identifier, number: int
) -> None:
    """Create the table of a copy; the CHECK spares a scan of the rows when it is attached."""
    connection.execute(
        sql.SQL("CREATE TABLE {} (LIKE {}, CONSTRAINT of_one_copy CHECK (copy = {}))").format(
            target, parent, sql.Literal(number)
        )
    )
    default = sql.SQL("ALTER TABLE {} ALTER COLUMN copy SET DEFAULT {}")
    connection.execute(default.format(target, sql.Literal(number)))


def load(
    connection: Connection, target: sql.Identifier, lake: Lake, table: CopiedTable, unit: Unit
) -> int:
    """Stream the rows of a unit into the table of a copy, and count the rows.

    FREEZE spares PostgreSQL a later rewrite of the rows; the table was made in this transaction.
    """
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT csv, FREEZE)").format(
        target, sql.SQL(", ").join(map(sql.Identifier, table.names))
    )
    rows = 0
    with connection.cursor() as cursor, cursor.copy(statement) as stream:
        for batch in table.read(lake, unit):
            stream.write(as_csv(batch, table.names))
            rows += len(batch)
    return rows


def as_csv(batch: pa.RecordBatch, names: Sequence[str]) -> memoryview:
    """Write a batch's columns as CSV; maps and lists as JSON texts."""
    plain = [as_text(batch[name]) for name in names]
    text = io.BytesIO()
    pa_csv.write_csv(pa.record_batch(plain, list(names)), text, WRITE)
    return text.getbuffer()


def as_text(column: pa.Array) -> pa.Array:
    """Convert a column of maps or lists into JSON texts; other columns stay as they are."""
    if column.type not in (ATTRIBUTES, NAMES):
        return column
    values = column.to_pylist(maps_as_pydicts="strict")
    texts = [None if v is None else json.dumps(v, ensure_ascii=False) for v in values]
    return pa.array(texts, pa.string())


def constrain(
    connection: Connection, target: sql.Identifier, table: CopiedTable, unit: Unit
) -> None:
    """Add key, statistics, and a CHECK of what all rows share, by which queries skip the table."""
    key = sql.SQL(", ").join(map(sql.Identifier, table.key))
    connection.execute(sql.SQL("ALTER TABLE {} ADD PRIMARY KEY ({})").format(target, key))
    if unit.shared is not None:
        name, value = unit.shared
        check = sql.SQL("ALTER TABLE {} ADD CONSTRAINT shared_by_all CHECK ({} = {})")
        connection.execute(check.format(target, sql.Identifier(name), sql.Literal(value)))
    connection.execute(sql.SQL("ANALYZE {}").format(target))
