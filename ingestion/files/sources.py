"""A retailer's files: found in a folder and checked whole before anything is written."""

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
    """One file that can be read as its profile says.

    Attributes:
        uri: normal URI.
        name: of the file.
        digest: SHA-256 digest of its bytes.
        columns: all of the file's, in order.
        fields: our names → the file's columns.
        files: how text files are written.
        stamp: size and times that it had when it was checked.
        pieces: what tasks read of it; none where an earlier run read the file whole.
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
        """Say whether the file is Parquet, not delimited text."""
        return is_parquet(self.name)

    @property
    def rows(self) -> int:
        """How many rows the check counted."""
        return sum(piece.rows for piece in self.pieces)


@dataclass(frozen=True)
class Sources:
    """The files of one folder.

    Attributes:
        sales: the sales files, of those that are equal byte by byte one.
        entities: shops, items and, where declared, categories.
        inputs: what else is declared.
        files: all of them, copies too.
        not_read: what else is in the folder, and why it is not read.
    """

    sales: tuple[Source, ...]
    entities: Mapping[str, Source]
    inputs: Mapping[str, Source] = field(default_factory=dict)
    files: tuple[Source, ...] = ()
    not_read: tuple[NotRead, ...] = ()

    def is_sales(self, source: Source) -> bool:
        """Say whether a file that lists an entity is a sales file."""
        return any(sales.digest == source.digest for sales in self.sales)


@dataclass(frozen=True)
class Folder:
    """A folder whose files are checked, each read once however often it is named.

    Attributes:
        uri: normal URI.
        names: of the files there.
        files: how text files are written.
        known: files that earlier runs read whole, by URI.
    """

    uri: str
    names: Sequence[str]
    files: Files
    known: Mapping[str, Known] = field(default_factory=dict)
    checked: dict[str, tuple[str, Contents]] = field(default_factory=dict)

    def source(self, name: str, fields: Mapping[str, str] | None) -> Source:
        """Check a file; see ``inspect``."""
        uri = f"{self.uri}/{name}"
        known = self.known.get(uri)
        if known is not None and fields is not None and file_stamp(uri) == known.stamp:
            return Source(uri, name, known.digest, (), dict(fields), self.files, known.stamp)
        if name not in self.checked:
            self.checked[name] = inspect_file(uri, name, self.files)
        stamp, found = self.checked[name]
        return as_source(uri, name, fields, self.files, (stamp, found))

    def lists(self, declared: Mapping[str, tuple[str, Mapping[str, str]]]) -> dict[str, Source]:
        """Check the files that list something: shops, items, promotions.

        Args:
            declared: what is listed → its file, and our names → columns.

        Raises:
            SourceError: one is missing, or cannot be read as the profile says.
        """
        for what, (file, _) in declared.items():
            if file not in self.names:
                raise SourceError(
                    f"{self.uri}: no file {file}, which lists the {what}; "
                    f"found {listed(self.names)}."
                )
        return {what: self.source(file, fields) for what, (file, fields) in declared.items()}

    def sales(self, profile: Profile) -> list[Source]:
        """Check those files that hold sales."""
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
        location: folder or URI.
        profile: names the files and their columns.
        known: files that earlier runs read whole, by URI; those that are as they were are not read.

    Raises:
        SourceError: the folder or a file is missing, empty, damaged, in another encoding, or lacks
            a column; nothing was written.
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
        location: folder or file, path or URI.
        profile: names the files and their columns.

    Raises:
        SourceError: as ``find_sources``, for the sales files alone.
    """
    parent, _, name = normal_uri(location).rpartition("/")
    if matches(name, profile.sales.files) and name in file_names(existing_folder(parent)):
        return without_copies(Folder(parent, [name], profile.files).sales(profile))
    uri = existing_folder(normal_uri(location))
    return without_copies(Folder(uri, file_names(uri), profile.files).sales(profile))


def find_file(location: str, fields: Mapping[str, str] | None, files: Files) -> Source:
    """Check one file, whatever its name.

    Args:
        location: path or URI.
        fields: our names → columns that it must have; None: every column under its own name.
        files: how text files are written.

    Raises:
        SourceError: as ``inspect``, or there is no such file.
    """
    parent, _, name = normal_uri(location).rpartition("/")
    folder = existing_folder(parent)
    names = file_names(folder)
    if name not in names:
        raise SourceError(f"{location}: no such file; {folder} holds {listed(names)}.")
    return inspect(folder, name, fields, files)


def entities(profile: Profile) -> dict[str, Entity]:
    """Return the lists that a profile declares, by name."""
    declared: dict[str, Entity] = {"shops": profile.shops, "items": profile.items}
    return declared | ({"categories": profile.categories} if profile.categories else {})


def entity_fields(entity: Entity) -> dict[str, str]:
    """Map the fields of a catalogue record to columns: our names, then columns of attributes."""
    mapped = set(entity.columns.values())
    others = {a.column: a.column for a in entity.attributes.values() if a.column not in mapped}
    return dict(entity.columns) | others


def without_copies(sources: Iterable[Source]) -> tuple[Source, ...]:
    """Keep one of the files that are equal byte by byte."""
    return tuple({source.digest: source for source in sources}.values())


def inspect(folder: str, name: str, fields: Mapping[str, str] | None, files: Files) -> Source:
    """Read a file once and check that it is what the profile says.

    Args:
        folder: normal URI.
        name: file in the folder.
        fields: our names → columns that the file must have; None: every column as it is.
        files: how text files are written.

    Raises:
        SourceError: empty, damaged, undecodable, without a column, or with values of a type that
            is no value.
    """
    uri = f"{folder}/{name}"
    return as_source(uri, name, fields, files, inspect_file(uri, name, files))


def read_whole(source: Source) -> Source:
    """Check a file that an earlier run read, to read it again; another one as it is."""
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
    """Check that a file has the columns that its profile names.

    Raises:
        SourceError: it lacks one, has one twice, or one that holds no values.
    """
    stamp, found = checked
    mapped = dict(zip(found.columns, found.columns, strict=True)) if fields is None else fields
    for column in mapped.values():
        if found.columns.count(column) != 1:
            fault = "no column" if column not in found.columns else "more than one column"
            raise SourceError(f"{uri}: {fault} '{column}'; found {', '.join(found.columns)}.")
    require_values(found.types, mapped, uri)
    return Source(uri, name, found.digest, found.columns, dict(mapped), files, stamp, found.pieces)
