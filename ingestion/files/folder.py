"""A folder of a retailer's files: what is in it, and what of it is not read."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

from pyarrow.fs import FileInfo, FileSelector, FileType

from lakehouse.errors import SourceError
from lakehouse.storage import filesystem, is_local, local_path

# Folders below the data's folder that are looked into, and how deep.
MOST_FOLDERS = 50
DEEPEST = 3
# Of another store's folder, delta-rs takes these for part of a URI, and opens another folder.
SPECIAL = "?#%\\"


@dataclass(frozen=True)
class NotRead:
    """A file or folder that is there and not read; ``is_likely``: it looks as if it should be."""

    name: str
    why: str
    is_likely: bool


def existing_folder(folder: str) -> str:
    """Check that a folder is there.

    Args:
        folder: normal URI, which is returned.

    Raises:
        SourceError: a local folder does not exist, or a store would open another one.
    """
    if is_local(folder):
        if not local_path(folder).is_dir():
            raise SourceError(f"{folder}: no such folder; name the folder of the data files.")
    elif special := set(folder) & set(SPECIAL):
        raise SourceError(
            f"{folder}: the character '{min(special)}' has a meaning of its own in a URI; "
            "rename the folder."
        )
    return folder


def file_names(folder: str) -> list[str]:
    """List the files of a folder, sorted."""
    return sorted(info.base_name for info in entries(folder) if info.type == FileType.File)


def entries(folder: str) -> list[FileInfo]:
    """List what is in a folder."""
    found: list[FileInfo] = filesystem(folder).get_file_info(FileSelector("", recursive=False))
    return found


def matches(name: str, patterns: Iterable[str]) -> bool:
    """Say whether a file's name matches one of the patterns."""
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def listed(names: Sequence[str]) -> str:
    """Write names for a message."""
    return ", ".join(names) or "nothing"


def not_read(folder: str, read: Collection[str], patterns: Sequence[str]) -> tuple[NotRead, ...]:
    """Name what is in a folder and not read, and why.

    Args:
        folder: normal URI.
        read: names of the files that are read.
        patterns: of the sales files.

    Returns:
        By name; of folders below, those files alone whose name a pattern matches.
    """
    wanted = [*patterns, *(name for name in read if not matches(name, patterns))]
    found: list[NotRead] = []
    for info in entries(folder):
        name = info.base_name
        if info.type == FileType.Directory:
            found += folder_not_read(folder, name, wanted)
        elif name not in read:
            found.append(file_not_read(name, wanted))
    return tuple(sorted(found, key=lambda one: (not one.is_likely, one.name)))


def file_not_read(name: str, wanted: Sequence[str]) -> NotRead:
    """Say why a file is not read."""
    for pattern in wanted:
        if fnmatchcase(name.lower(), pattern.lower()):
            return NotRead(name, f"differs from {pattern} in case; rename it", True)
    for pattern in wanted:
        telling = stem(pattern.lower())
        if telling.strip("*?") and fnmatchcase(stem(name.lower()), telling):
            return NotRead(name, f"does not end as {pattern} does; rename or convert it", True)
    return NotRead(name, "the profile does not name it", False)


def stem(name: str) -> str:
    """Take the endings off a name."""
    return name[:1] + name[1:].partition(".")[0]


def folder_not_read(folder: str, name: str, wanted: Sequence[str]) -> Iterator[NotRead]:
    """Name a folder that is called as a file is, or else the files below it that are."""
    if file_not_read(name, wanted).is_likely:
        yield NotRead(f"{name}/", "a folder; name it as the folder of the data, or move it", True)
        return
    for path in files_below(folder, name):
        if file_not_read(PurePosixPath(path).name, wanted).is_likely:
            why = f"in a folder below; ingest {folder}/{path.rpartition('/')[0]} too, or move it"
            yield NotRead(path, why, True)


def files_below(folder: str, name: str) -> Iterator[str]:
    """List the paths of files below a folder, of so many folders."""
    waiting = [name]
    for _ in range(MOST_FOLDERS):
        if not waiting:
            return
        path = waiting.pop(0)
        for info in entries(f"{folder}/{path}"):
            if info.type == FileType.File:
                yield f"{path}/{info.base_name}"
            elif path.count("/") + 1 < DEEPEST:
                waiting.append(f"{path}/{info.base_name}")
