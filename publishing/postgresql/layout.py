"""Schemas of a copy: the statements that create tables, views and comments.

Analysts read the views of the schema ``shopcast``. The views read tables in a second schema, whose
name contains a digest of all statements: a program with other statements fills a schema beside
the old one, and readers move over in the transaction that publishes the copies.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from psycopg import sql

from lakehouse.table import Column
from lakehouse.types import TEXT
from publishing.contents import CopiedTable
from publishing.postgresql.connection import SCHEMA
from publishing.postgresql.types import postgresql_type
from publishing.postgresql.views import VIEWS, Commented, View, read_query

PREFIX = f"{SCHEMA}_copies_"
# The index makes the database itself refuse a second current copy of the same rows.
COPIES = """
CREATE SCHEMA IF NOT EXISTS {copies};
CREATE TABLE IF NOT EXISTS {copies}.copies (
    copy bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    table_name text COLLATE "C" NOT NULL,
    unit text COLLATE "C" NOT NULL,
    state text COLLATE "C" NOT NULL,
    rows bigint NOT NULL,
    published_at timestamp with time zone,
    superseded_at timestamp with time zone
);
CREATE UNIQUE INDEX IF NOT EXISTS one_current_copy ON {copies}.copies (table_name, unit)
    WHERE published_at IS NOT NULL AND superseded_at IS NULL;
CREATE OR REPLACE VIEW {copies}.current_copies AS
    SELECT copy, table_name, unit, state, rows, published_at FROM {copies}.copies
    WHERE published_at IS NOT NULL AND superseded_at IS NULL;
"""
NEWEST = """
SELECT {columns} FROM {copies}.{table}
WHERE copy IN (SELECT copy FROM {copies}.current_copies WHERE table_name = {name})
"""


@dataclass(frozen=True)
class Layout:
    """The tables and views of a copy.

    Attributes:
        tables: the tables to copy.
    """

    tables: tuple[CopiedTable, ...]

    @cached_property
    def schema(self) -> str:
        """Name of the schema that has the copies."""
        statements = [*self.create_tables("copies"), *self.create_views("copies")]
        text = "\n".join(statement.as_string(None) for statement in statements)
        return PREFIX + hashlib.sha256(text.encode()).hexdigest()[:8]

    @property
    def views(self) -> list[str]:
        """Names of the analysts' views, each after the views that it reads."""
        return [*(table.name for table in self.tables), *(view.name for view in VIEWS)]

    def create_tables(self, schema: str) -> Iterator[sql.Composed]:
        """Yield the statements that create the tables of the copies in a schema."""
        yield sql.SQL(COPIES).format(copies=sql.Identifier(schema))
        for table in self.tables:
            name = sql.Identifier(schema, table.name)
            yield sql.SQL(
                "CREATE TABLE IF NOT EXISTS {} (copy bigint NOT NULL, {}) PARTITION BY LIST (copy)"
            ).format(name, sql.SQL(", ").join(map(define_column, table.columns)))
            yield from describe("TABLE", name, table.description, comments_of(table))

    def create_views(self, schema: str) -> Iterator[sql.Composed]:
        """Yield the statements that create the analysts' views over a schema of copies."""
        copies = sql.Identifier(schema)
        served = sql.SQL(read_query("served_forecasts")).format(copies=copies)
        for table in self.tables:
            query = select_newest(table, copies)
            yield from create_view(View(table.name, table.description, comments_of(table)), query)
        for view in VIEWS:
            yield from create_view(view, sql.SQL(view.query).format(copies=copies, served=served))


def comments_of(table: CopiedTable) -> Commented:
    """Return (name, comment) of each copied column, as the lake declares the comment."""
    return tuple((column.name, column.comment) for column in table.columns)


def define_column(column: Column) -> sql.Composed:
    """Write a column's name, type, collation and null constraint.

    Ids compare by bytes, which is the order of the lake and twice as quick to sort as a language's
    order. Names keep the order of the database's language.
    """
    is_id = column.type == TEXT and column.name.rpartition("_")[2] != "name"
    return sql.SQL("{} {}{}{}").format(
        sql.Identifier(column.name),
        sql.SQL(postgresql_type(column.type)),
        sql.SQL(' COLLATE "C"' if is_id else ""),
        sql.SQL("" if column.nullable else " NOT NULL"),
    )


def select_newest(table: CopiedTable, copies: sql.Identifier) -> sql.Composed:
    """Write the query of a table's current rows."""
    return sql.SQL(NEWEST).format(
        columns=sql.SQL(", ").join(map(sql.Identifier, table.names)),
        copies=copies,
        table=sql.Identifier(table.name),
        name=sql.Literal(table.name),
    )


def create_view(view: View, query: sql.Composed) -> Iterator[sql.Composed]:
    """Yield the statements that create a view of the schema ``shopcast`` with comments."""
    name = sql.Identifier(SCHEMA, view.name)
    yield sql.SQL("CREATE OR REPLACE VIEW {} AS {}").format(name, query)
    yield from describe("VIEW", name, view.question, view.columns)


def describe(
    kind: str, name: sql.Identifier, meaning: str, columns: Commented
) -> Iterator[sql.Composed]:
    """Yield the statements that comment a table or view and its columns."""
    yield sql.SQL("COMMENT ON {} {} IS {}").format(sql.SQL(kind), name, sql.Literal(meaning))
    for column, comment in columns:
        yield sql.SQL("COMMENT ON COLUMN {}.{} IS {}").format(
            name, sql.Identifier(column), sql.Literal(comment)
        )
