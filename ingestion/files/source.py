"""Source files: one checked file of a retailer, and the checked files of one folder."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ingestion.files.folder import NotRead
from ingestion.files.inspection import is_parquet
from ingestion.files.piece import Piece
from lakehouse.profile.profile import Files


@dataclass(frozen=True)
class Source:
    """One file that was checked against the profile.

    Attributes:
        uri: normal URI of the file.
        name: name of the file.
        digest: SHA-256 digest of the file's bytes.
        columns: all columns of the file, in order; empty if an earlier run read the whole file.
        fields: shopcast's field names → the file's columns.
        files: encoding, delimiter and number marks of text files.
        stamp: size and times of the file at the check.
        pieces: the parts of the file that tasks read; empty if an earlier run read the whole file.
    """

    uri: str
    name: str
    digest: str
    columns: tuple[str, ...]
    fields: Mapping[str, str]
    files: Files = field(default_factory=Files)
    stamp: str = ""
    pieces: tuple[Piece, ...] = ()

    @property
    def is_parquet(self) -> bool:
        """Whether the file is Parquet rather than delimited text."""
        return is_parquet(self.name)

    @property
    def rows(self) -> int:
        """Number of rows that the check counted."""
        return sum(piece.rows for piece in self.pieces)


@dataclass(frozen=True)
class Sources:
    """The checked files of one folder.

    Attributes:
        sales: the sales files, without byte-for-byte copies.
        entities: the list files of shops, items and, where declared, categories, by list name.
        inputs: the files of declared optional inputs, by input name.
        files: all checked files, copies included.
        not_read: files and folders that are not read, each with the reason.
        messages: URIs of files of catalogue messages, in a landing folder.
    """

    sales: tuple[Source, ...]
    entities: Mapping[str, Source]
    inputs: Mapping[str, Source] = field(default_factory=dict)
    files: tuple[Source, ...] = ()
    not_read: tuple[NotRead, ...] = ()
    messages: tuple[str, ...] = ()

    def is_sales(self, source: Source) -> bool:
        """Return whether a list file is also a sales file."""
        return any(sales.digest == source.digest for sales in self.sales)
