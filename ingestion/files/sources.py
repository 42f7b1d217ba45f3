"""Source files of a retailer, found in a folder and fully checked before any table is written."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ingestion.files.folder import NotRead, existing_folder, file_names, listed, matches, not_read
from ingestion.files.inspection import Contents, Piece, inspect_file, is_parquet
from ingestion.files.parquet_types import require_values
from ingestion.files.source_file import Known, file_stamp
from lakehouse.errors import SourceError
from lakehouse.profile.profile import Entity, Files, Profile
from lakehouse.storage import normal_uri


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
    """

    sales: tuple[Source, ...]
    entities: Mapping[str, Source]
    inputs: Mapping[str, Source] = field(default_factory=dict)
    files: tuple[Source, ...] = ()
    not_read: tuple[NotRead, ...] = ()

    def is_sales(self, source: Source) -> bool:
        """Return whether a list file is also a sales file."""
        return any(sales.digest == source.digest for sales in self.sales)


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
        known = self.known.get(uri)
        if known is not None and fields is not None and file_stamp(uri) == known.stamp:
            return Source(uri, name, known.digest, (), dict(fields), self.files, known.stamp)
        if name not in self.checked:
            self.checked[name] = inspect_file(uri, name, self.files)
        stamp, found = self.checked[name]
        return as_source(uri, name, fields, self.files, (stamp, found))

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
                    f"found {listed(self.names)}."
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
            raise SourceError(f"{self.uri}: no sales file ({wanted}); found {listed(self.names)}.")
        fields = profile.sales.columns.model_dump(exclude_none=True)
        return [self.source(name, fields) for name in names]


def find_sources(
    location: str, profile: Profile, known: Mapping[str, Known] | None = None
) -> Sources:
    """Find and check the files of a folder.

    Args:
        location: path or URI of the folder.
        profile: the profile that names the files and the columns.
        known: files that earlier runs read whole, by URI; unchanged files are not read again.

    Raises:
        SourceError: the folder or a file is missing, empty, damaged, in another encoding, or lacks
            a column; no table was written.
    """
    uri = existing_folder(normal_uri(location))
    folder = Folder(uri, file_names(uri), profile.files, known or {})
    lists = {name: (one.file, entity_fields(one)) for name, one in entities(profile).items()}
    inputs = {name: (one.file, one.columns) for name, one in profile.inputs.items()}
    sales = folder.sales(profile)
    listed_entities, listed_inputs = folder.lists(lists), folder.lists(inputs)
    files = (*sales, *listed_entities.values(), *listed_inputs.values())
    rest = not_read(uri, {source.name for source in files}, profile.sales.files)
    return Sources(without_copies(sales), listed_entities, listed_inputs, files, rest)


def find_sales(location: str, profile: Profile) -> tuple[Source, ...]:
    """Find and check the sales files of a folder, or one file.

    Args:
        location: path or URI of the folder or file.
        profile: the profile that names the files and the columns.

    Raises:
        SourceError: as ``find_sources``, but only for the sales files.
    """
    parent, _, name = normal_uri(location).rpartition("/")
    if matches(name, profile.sales.files) and name in file_names(existing_folder(parent)):
        return without_copies(Folder(parent, [name], profile.files).sales(profile))
    uri = existing_folder(normal_uri(location))
    return without_copies(Folder(uri, file_names(uri), profile.files).sales(profile))


def find_file(location: str, fields: Mapping[str, str] | None, files: Files) -> Source:
    """Check one file, whatever the file's name.

    Args:
        location: path or URI of the file.
        fields: shopcast's field names → required columns; None: all columns, with unchanged names.
        files: encoding, delimiter and number marks of text files.

    Raises:
        SourceError: the file does not exist, or as ``inspect``.
    """
    parent, _, name = normal_uri(location).rpartition("/")
    folder = existing_folder(parent)
    names = file_names(folder)
    if name not in names:
        raise SourceError(f"{location}: no such file; {folder} holds {listed(names)}.")
    return inspect(folder, name, fields, files)


def entities(profile: Profile) -> dict[str, Entity]:
    """Return the lists that a profile declares: shops, items and perhaps categories, by name."""
    declared: dict[str, Entity] = {"shops": profile.shops, "items": profile.items}
    return declared | ({"categories": profile.categories} if profile.categories else {})


def entity_fields(entity: Entity) -> dict[str, str]:
    """Map a list's fields to columns; an attribute's column that has no field keeps its name."""
    mapped = set(entity.columns.values())
    others = {a.column: a.column for a in entity.attributes.values() if a.column not in mapped}
    return dict(entity.columns) | others


def without_copies(sources: Iterable[Source]) -> tuple[Source, ...]:
    """Drop byte-for-byte copies among files, by digest."""
    return tuple({source.digest: source for source in sources}.values())


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
    stamp, found = checked
    mapped = dict(zip(found.columns, found.columns, strict=True)) if fields is None else fields
    for column in mapped.values():
        if found.columns.count(column) != 1:
            fault = "no column" if column not in found.columns else "more than one column"
            raise SourceError(f"{uri}: {fault} '{column}'; found {', '.join(found.columns)}.")
    require_values(found.types, mapped, uri)
    return Source(uri, name, found.digest, found.columns, dict(mapped), files, stamp, found.pieces)
