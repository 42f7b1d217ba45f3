"""A folder whose files are checked against the profile, each file once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ingestion.files.folder import join_names, matches
from ingestion.files.inspection import Contents, inspect_file
from ingestion.files.parquet_types import require_values
from ingestion.files.source import Source
from ingestion.files.source_file import Known, file_stamp
from lakehouse.errors import SourceError
from lakehouse.profile.profile import Files, Profile


@dataclass(frozen=True)
class Folder:
    """A folder whose files are checked; a file that the profile names twice is read once.

    Attributes:
        uri: normal URI of the folder.
        names: names of the files in the folder.
        files: encoding, delimiter and number marks of text files.
        known: files that earlier runs read whole, by URI.
        checked: stamp and contents of files already read, by name.
    """

    uri: str
    names: Sequence[str]
    files: Files
    known: Mapping[str, Known] = field(default_factory=dict)
    checked: dict[str, tuple[str, Contents]] = field(default_factory=dict)

    def source(self, name: str, fields: Mapping[str, str] | None) -> Source:
        """Check a file as ``inspect`` does, unless an earlier run read the unchanged file."""
        uri = f"{self.uri}/{name}"
        earlier = self.known.get(uri)
        if earlier is not None and fields is not None and file_stamp(uri) == earlier.stamp:
            return Source(uri, name, earlier.digest, (), dict(fields), self.files, earlier.stamp)
        if name not in self.checked:
            self.checked[name] = inspect_file(uri, name, self.files)
        return as_source(uri, name, fields, self.files, self.checked[name])

    def lists(self, declared: Mapping[str, tuple[str, Mapping[str, str]]]) -> dict[str, Source]:
        """Check the list files, such as shops, items or promotions.

        Args:
            declared: name of the list → file name, and shopcast's field names → columns.

        Raises:
            SourceError: a file is missing or does not match the profile.
        """
        for what, (file, _) in declared.items():
            if file not in self.names:
                raise SourceError(
                    f"{self.uri}: no file {file}, which lists the {what}; "
                    f"found {join_names(self.names)}."
                )
        return {what: self.source(file, fields) for what, (file, fields) in declared.items()}

    def sales(self, profile: Profile) -> list[Source]:
        """Check the files whose names match the profile's patterns of sales files.

        Raises:
            SourceError: no file matches, or a file does not match the profile.
        """
        names = [name for name in self.names if matches(name, profile.sales.files)]
        if not names:
            wanted = ", ".join(profile.sales.files)
            raise SourceError(
                f"{self.uri}: no sales file ({wanted}); found {join_names(self.names)}."
            )
        return [self.source(name, sales_fields(profile)) for name in names]


def inspect(folder: str, name: str, fields: Mapping[str, str] | None, files: Files) -> Source:
    """Read a whole file once and check bytes, encoding, columns and types.

    Args:
        folder: normal URI of the folder.
        name: name of the file in the folder.
        fields: shopcast's field names → required columns; None: all columns, with unchanged names.
        files: encoding, delimiter and number marks of text files.

    Raises:
        SourceError: the file is empty, damaged or undecodable, lacks a column, or has a column
            whose type cannot be written as text.
    """
    uri = f"{folder}/{name}"
    return as_source(uri, name, fields, files, inspect_file(uri, name, files))


def read_whole(source: Source) -> Source:
    """Return a source with pieces: check a file again if only an earlier run had read the file."""
    if source.pieces:
        return source
    return inspect(source.uri.rpartition("/")[0], source.name, source.fields, source.files)


def as_source(
    uri: str,
    name: str,
    fields: Mapping[str, str] | None,
    files: Files,
    checked: tuple[str, Contents],
) -> Source:
    """Check that a file has the columns that the profile names.

    Raises:
        SourceError: a column is missing, occurs twice, or has a type that cannot be read.
    """
    stamp, contents = checked
    mapped = (
        dict(zip(contents.columns, contents.columns, strict=True)) if fields is None else fields
    )
    for column in mapped.values():
        if contents.columns.count(column) != 1:
            fault = "no column" if column not in contents.columns else "more than one column"
            raise SourceError(f"{uri}: {fault} '{column}'; found {', '.join(contents.columns)}.")
    require_values(contents.types, mapped, uri)
    return Source(
        uri, name, contents.digest, contents.columns, dict(mapped), files, stamp, contents.pieces
    )


def without_copies(sources: Iterable[Source]) -> tuple[Source, ...]:
    """Drop byte-for-byte copies among files, by digest."""
    return tuple({source.digest: source for source in sources}.values())


def sales_fields(profile: Profile) -> dict[str, str]:
    """Map the fields of a sale to the columns of the sales files."""
    fields: dict[str, str] = profile.sales.columns.model_dump(exclude_none=True)
    return fields
