"""A retailer's files: found in a folder and checked whole before anything is written."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatch

from pyarrow.fs import FileSelector, FileSystem, FileType

from lakehouse.errors import SourceError
from lakehouse.inspection import parquet_header, text_header
from lakehouse.profile import Entity, Files, Profile
from lakehouse.storage import filesystem, is_local, local_path, normal_uri

PARQUET = ".parquet"


@dataclass(frozen=True)
class Source:
    """One file that can be read as its profile says.

    ``fields`` maps our names to the file's columns; ``columns`` are all of the file's, in order.
    """

    uri: str
    name: str
    digest: str
    columns: tuple[str, ...]
    fields: Mapping[str, str]

    @property
    def is_parquet(self) -> bool:
        """Say whether the file is Parquet, not delimited text."""
        return self.name.endswith(PARQUET)


@dataclass(frozen=True)
class Sources:
    """The files of one folder.

    ``entities`` are shops, items and, where declared, categories; ``inputs`` what else is declared.
    """

    sales: tuple[Source, ...]
    entities: Mapping[str, Source]
    inputs: Mapping[str, Source] = field(default_factory=dict)

    def is_sales(self, source: Source) -> bool:
        """Say whether a file that lists an entity is a sales file."""
        return any(sales.digest == source.digest for sales in self.sales)


def find_sources(location: str, profile: Profile) -> Sources:
    """Find and check the files of a folder.

    Args:
        location: folder or URI.
        profile: names the files and their columns.

    Raises:
        SourceError: the folder or a file is missing, empty, damaged, in another encoding, or lacks
            a column; nothing was written.
    """
    folder = existing_folder(location)
    names = file_names(folder)
    lists = {name: (one.file, entity_fields(one)) for name, one in entities(profile).items()}
    inputs = {name: (one.file, one.columns) for name, one in profile.inputs.items()}
    return Sources(
        sales_files(folder, names, profile),
        find_lists(folder, names, lists, profile.files),
        find_lists(folder, names, inputs, profile.files),
    )


def find_sales(location: str, profile: Profile) -> tuple[Source, ...]:
    """Find and check the sales files of a folder, or one file.

    Args:
        location: folder or file, path or URI.
        profile: names the files and their columns.

    Raises:
        SourceError: as ``find_sources``, for the sales files alone.
    """
    parent, _, name = normal_uri(location).rpartition("/")
    if matches(name, profile.sales.files):
        folder = existing_folder(parent)
        return sales_files(folder, [n for n in file_names(folder) if n == name], profile)
    folder = existing_folder(location)
    return sales_files(folder, file_names(folder), profile)


def sales_files(folder: str, names: list[str], profile: Profile) -> tuple[Source, ...]:
    """Check those of a folder's files that hold sales."""
    sales = [name for name in names if matches(name, profile.sales.files)]
    if not sales:
        wanted = ", ".join(profile.sales.files)
        raise SourceError(f"{folder}: no sales file ({wanted}); found {listed(names)}.")
    fields = profile.sales.columns.model_dump(exclude_none=True)
    return without_copies([inspect(folder, name, fields, profile.files) for name in sales])


def find_lists(
    folder: str,
    names: list[str],
    declared: Mapping[str, tuple[str, Mapping[str, str]]],
    files: Files,
) -> dict[str, Source]:
    """Check the files that list something: shops, items, promotions.

    Args:
        folder: normal URI.
        names: of the files there.
        declared: what is listed → its file, and our names → columns.
        files: how text files are written.
    """
    found = {}
    for what, (file, fields) in declared.items():
        if file not in names:
            raise SourceError(
                f"{folder}: no file {file}, which lists the {what}; found {listed(names)}."
            )
        found[what] = inspect(folder, file, fields, files)
    return found


def entities(profile: Profile) -> dict[str, Entity]:
    """Return the lists that a profile declares, by name."""
    declared: dict[str, Entity] = {"shops": profile.shops, "items": profile.items}
    return declared | ({"categories": profile.categories} if profile.categories else {})


def entity_fields(entity: Entity) -> dict[str, str]:
    """Map the fields of a catalogue record to columns: our names, then columns of attributes."""
    mapped = set(entity.columns.values())
    others = {a.column: a.column for a in entity.attributes.values() if a.column not in mapped}
    return dict(entity.columns) | others


def existing_folder(location: str) -> str:
    """Return a folder's normal URI.

    Raises:
        SourceError: a local folder does not exist.
    """
    folder = normal_uri(location)
    if is_local(folder) and not local_path(folder).is_dir():
        raise SourceError(f"{folder}: no such folder; name the folder of the data files.")
    return folder


def file_names(folder: str) -> list[str]:
    """List the files of a folder, sorted."""
    found = filesystem(folder).get_file_info(FileSelector("", recursive=False))
    return sorted(info.base_name for info in found if info.type == FileType.File)


def matches(name: str, patterns: Iterable[str]) -> bool:
    """Say whether a file's name matches one of the patterns."""
    return any(fnmatch(name, pattern) for pattern in patterns)


def listed(names: list[str]) -> str:
    """Write names for a message."""
    return ", ".join(names) or "nothing"


def without_copies(sources: Iterable[Source]) -> tuple[Source, ...]:
    """Keep one of the files that are equal byte by byte."""
    return tuple({source.digest: source for source in sources}.values())


def inspect(folder: str, name: str, fields: Mapping[str, str], files: Files) -> Source:
    """Read a file once and check that it is what the profile says.

    Args:
        folder: normal URI.
        name: file in the folder.
        fields: our names → columns that the file must have.
        files: how text files are written.

    Raises:
        SourceError: empty, damaged, undecodable, or without a column.
    """
    digest, columns = header(filesystem(folder), name, files)
    for column in fields.values():
        if columns.count(column) != 1:
            fault = "no column" if column not in columns else "more than one column"
            raise SourceError(f"{folder}/{name}: {fault} '{column}'; found {', '.join(columns)}.")
    return Source(f"{folder}/{name}", name, digest, tuple(columns), dict(fields))


def header(folder: FileSystem, name: str, files: Files) -> tuple[str, list[str]]:
    """Digest a file and read the names of its columns."""
    if name.endswith(PARQUET):
        with folder.open_input_file(name) as file:
            return parquet_header(file, name)
    with folder.open_input_stream(name, compression=None) as stream:
        return text_header(stream, name, files.encoding, files.delimiter)
