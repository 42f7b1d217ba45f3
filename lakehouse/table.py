"""A table of the lake: its columns, key, partitioning and checks, declared in one place."""

from dataclasses import dataclass, field

import pyarrow as pa

from lakehouse.types import sql_name


@dataclass(frozen=True)
class Column:
    """A column, with its unit and the meaning of null in the comment."""

    name: str
    type: pa.DataType
    comment: str
    nullable: bool = True

    @property
    def field(self) -> pa.Field:
        """The column in an Arrow schema."""
        return pa.field(self.name, self.type, self.nullable, {"comment": self.comment})

    @property
    def ddl(self) -> str:
        """The column in a Spark schema string."""
        return f"`{self.name}` {sql_name(self.type)}"


@dataclass(frozen=True)
class Check:
    """A condition that every row meets: a Delta constraint, and a reason in rejected_sales."""

    name: str
    sql: str
    meaning: str


@dataclass(frozen=True)
class Table:
    """A Delta table at ``<lake>/<layer>/<name>``.

    Attributes:
        kept_apart: a column of which every file has one value, or a range of them, so that a
            reader of one value opens its files alone; upkeep does not join files of such a table.
            None: there is none.

    Raises:
        ValueError: key or partitioning name a column that the table does not have.
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
        """The table's place below the root of the lake."""
        return f"{self.layer}/{self.name}"

    @property
    def schema(self) -> pa.Schema:
        """The columns as an Arrow schema."""
        return pa.schema([column.field for column in self.columns])

    def shaped(self, rows: pa.Table) -> pa.Table:
        """Return rows as they are written: the columns of the table, without their comments.

        delta-rs refuses rows whose comments are not the stored ones, which an earlier version of
        the program may have written. So a stored table keeps the comments that it was created
        with; those of today are in docs/data_dictionary.md.
        """
        plain = pa.schema([column.field.remove_metadata() for column in self.columns])
        return rows.select(list(self.names)).cast(plain)

    @property
    def ddl(self) -> str:
        """The columns as a Spark schema string."""
        return ", ".join(column.ddl for column in self.columns)
