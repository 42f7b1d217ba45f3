"""Table declarations: columns, key, partitioning and checks of a Delta table."""

from dataclasses import dataclass, field

import pyarrow as pa

from lakehouse.types import sql_name


@dataclass(frozen=True)
class Column:
    """A column; its comment gives the unit and the meaning of null."""

    name: str
    type: pa.DataType
    comment: str
    nullable: bool = True

    @property
    def field(self) -> pa.Field:
        """The column as a field of an Arrow schema."""
        return pa.field(self.name, self.type, self.nullable, {"comment": self.comment})

    @property
    def ddl(self) -> str:
        """The column as a piece of a Spark schema string."""
        return f"`{self.name}` {sql_name(self.type)}"


@dataclass(frozen=True)
class Check:
    """A condition that every row must meet: a Delta constraint, and a reason in rejected_sales."""

    name: str
    sql: str
    meaning: str


@dataclass(frozen=True)
class Table:
    """A Delta table at ``<lake>/<layer>/<name>``.

    Attributes:
        key: columns that identify a row.
        change_feed: whether Delta records a change data feed for the table.
        kept_apart: a column by which files are separated: each file has one value or one
            range of values, so that a reader of one value opens few files; upkeep does not join
            files of such a table. None: no such column.

    Raises:
        ValueError: ``key`` or ``partition_by`` names a column that the table does not have.
    """

    layer: str
    name: str
    description: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    partition_by: tuple[str, ...] = ()
    checks: tuple[Check, ...] = ()
    change_feed: bool = False
    kept_apart: str | None = None
    names: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        names = tuple(column.name for column in self.columns)
        unknown = {*self.key, *self.partition_by} - set(names)
        if unknown:
            raise ValueError(f"{self.path}: no such column: {', '.join(sorted(unknown))}")
        object.__setattr__(self, "names", names)

    @property
    def path(self) -> str:
        """The table's path below the root of the lake."""
        return f"{self.layer}/{self.name}"

    @property
    def schema(self) -> pa.Schema:
        """The columns as an Arrow schema."""
        return pa.schema([column.field for column in self.columns])

    def shaped(self, rows: pa.Table) -> pa.Table:
        """Select and cast the table's columns, without comments, as delta-rs writes them.

        delta-rs refuses rows whose column comments differ from the stored ones, and an earlier
        version of the program may have stored other comments. So a stored table keeps the comments
        it was created with; docs/reference/data_dictionary.md has the current comments.
        """
        plain = pa.schema([column.field.remove_metadata() for column in self.columns])
        return rows.select(list(self.names)).cast(plain)

    @property
    def ddl(self) -> str:
        """The columns as a Spark schema string."""
        return ", ".join(column.ddl for column in self.columns)
