"""A folder of a retailer's files: the entries, and the files that are not read with the reason."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

from pyarrow.fs import FileInfo, FileSelector, FileType

from lakehouse.errors import SourceError
from lakehouse.storage import filesystem, is_local, local_path

# Limits of the search for files in subfolders: number of folders, and depth.
MOST_FOLDERS = 50
DEEPEST = 3
# In the URI of an object store's folder, delta-rs gives these characters a meaning and would open
# another folder.
SPECIAL = "?#%\\"


@dataclass(frozen=True)
class NotRead:
    """A file or folder that is not read.

    Attributes:
        name: name of the file or folder.
        why: the reason, and the remedy.
        is_likely: whether the name suggests that the user meant the file to be read.
    """

    name: str
    why: str
    is_likely: bool


def existing_folder(folder: str) -> str:
    """Check that a folder exists, and return the folder's URI.

    Args:
        folder: normal URI of the folder.

    Raises:
        SourceError: a local folder does not exist, or the URI of an object store's folder has a
            character of ``SPECIAL``; rename such a folder.
    """
    if is_local(folder):
        if not local_path(folder).is_dir():
            raise SourceError(f"{folder}: no such folder; name the folder of the data files.")
    elif special := set(folder) & set(SPECIAL):
        raise SourceError(
            f"{folder}: the character '{min(special)}' has a special meaning in a URI; "
            "rename the folder."
        )
    return folder


def list_names(folder: str) -> list[str]:
    """List the names of a folder's files, sorted."""
    return sorted(info.base_name for info in entries(folder) if info.type == FileType.File)


def entries(folder: str) -> list[FileInfo]:
    """List the files and subfolders of a folder."""
    infos: list[FileInfo] = filesystem(folder).get_file_info(FileSelector("", recursive=False))
    return infos


def matches(name: str, patterns: Iterable[str]) -> bool:
    """Return whether a file's name matches one of the patterns."""
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def join_names(names: Sequence[str]) -> str:
    """Join names for a message."""
    return ", ".join(names) or "nothing"


def not_read(folder: str, read: Collection[str], patterns: Sequence[str]) -> tuple[NotRead, ...]:
    """List the files of a folder that are not read, each with the reason.

    Args:
        folder: normal URI of the folder.
        read: names of the files that are read.
        patterns: name patterns of the sales files.

    Returns:
        Likely mistakes first, then by name. Of subfolders, only entries that are likely mistakes.
    """
    wanted = [*patterns, *(name for name in read if not matches(name, patterns))]
    left_out: list[NotRead] = []
    for info in entries(folder):
        name = info.base_name
        if info.type == FileType.Directory:
            left_out += folder_not_read(folder, name, wanted)
        elif name not in read:
            left_out.append(file_not_read(name, wanted))
    return tuple(sorted(left_out, key=lambda file: (not file.is_likely, file.name)))


def file_not_read(name: str, wanted: Sequence[str]) -> NotRead:
    """Explain why a file is not read."""
    for pattern in wanted:
        if fnmatchcase(name.lower(), pattern.lower()):
            return NotRead(name, f"differs from {pattern} in case; rename it", True)
    for pattern in wanted:
        pattern_stem = stem(pattern.lower())
        if pattern_stem.strip("*?") and fnmatchcase(stem(name.lower()), pattern_stem):
            return NotRead(name, f"does not end as {pattern} does; rename or convert it", True)
    return NotRead(name, "the profile does not name it", False)


def stem(name: str) -> str:
    """Return a file name without endings: ``sales.csv.gz`` becomes ``sales``."""
    return name[:1] + name[1:].partition(".")[0]


def folder_not_read(folder: str, name: str, wanted: Sequence[str]) -> Iterator[NotRead]:
    """Report a folder that is named like a wanted file, or else such files in the folder."""
    if file_not_read(name, wanted).is_likely:
        yield NotRead(f"{name}/", "a folder; name it as the folder of the data, or move it", True)
        return
    for path in files_below(folder, name):
        if file_not_read(PurePosixPath(path).name, wanted).is_likely:
            why = f"in a folder below; ingest {folder}/{path.rpartition('/')[0]} too, or move it"
            yield NotRead(path, why, True)


def files_below(folder: str, name: str) -> Iterator[str]:
    """List the paths of files below a folder, within ``MOST_FOLDERS`` and ``DEEPEST``."""
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
