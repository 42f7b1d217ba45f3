"""Discovery of a retailer's files, fully checked before any table is written."""

from collections.abc import Mapping

from ingestion.files.checked_folder import Folder, inspect, sales_fields, without_copies
from ingestion.files.folder import existing_folder, join_names, list_names, matches, not_read
from ingestion.files.landing import find_landed, is_landing
from ingestion.files.source import Source, Sources
from ingestion.files.source_file import Known
from lakehouse.errors import SourceError
from lakehouse.profile.lists import Entity
from lakehouse.profile.profile import Files, Profile
from lakehouse.storage import normal_uri


def find_sources(
    location: str, profile: Profile, known: Mapping[str, Known] | None = None
) -> Sources:
    """Find and check the files of a folder; of a landing folder, what uploads put there.

    Args:
        location: path or URI of the folder.
        profile: the profile that names the files and the columns.
        known: files that earlier runs read whole, by URI; unchanged files are not read again.

    Raises:
        SourceError: the folder or a file is missing, empty, damaged, in another encoding, or lacks
            a column; no table was written.
    """
    uri = existing_folder(normal_uri(location))
    folder = Folder(uri, list_names(uri), profile.files, known or {})
    if is_landing(folder.names):
        return find_landed(folder, profile)
    lists = {name: (each.file, entity_fields(each)) for name, each in entities(profile).items()}
    inputs = {name: (each.file, each.columns) for name, each in profile.inputs.items()}
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
    if matches(name, profile.sales.files) and name in list_names(existing_folder(parent)):
        return without_copies(Folder(parent, [name], profile.files).sales(profile))
    uri = existing_folder(normal_uri(location))
    return without_copies(Folder(uri, list_names(uri), profile.files).sales(profile))


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
    names = list_names(folder)
    if name not in names:
        raise SourceError(f"{location}: no such file; {folder} holds {join_names(names)}.")
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


def find_sales_file(location: str, profile: Profile) -> Source:
    """Check one sales file, whatever the file's name.

    Args:
        location: path or URI; the ending decides: Parquet, or delimited text, ``.gz`` compressed.
        profile: the profile that names the columns and the format of text files.

    Raises:
        SourceError: the file is missing, empty, damaged, in another encoding, or lacks a column.
    """
    return find_file(location, sales_fields(profile), profile.files)
