"""Landing folder: sales files and catalogue messages that uploads put there, without lists."""

from collections.abc import Sequence

from ingestion.files.checked_folder import Folder, without_copies
from ingestion.files.folder import matches
from ingestion.files.source import Sources
from lakehouse.profile.profile import Profile

# The file by which a landing folder is known; it says to people what the folder is for.
MARK = "landing.txt"
# Name of a file whose lines are messages of the contract catalogue.
MESSAGES = "catalogue-upload-*.ndjson"


def messages_name(upload_id: str) -> str:
    """Return the name of the file of an upload's catalogue messages."""
    return MESSAGES.replace("*", upload_id)


def is_landing(names: Sequence[str]) -> bool:
    """Return whether a folder with files of these names is a landing folder."""
    return MARK in names


def find_landed(folder: Folder, profile: Profile) -> Sources:
    """Find and check the files of a landing folder; the lake has the lists already.

    Args:
        folder: the landing folder.
        profile: the profile that names the sales files and their columns.

    Raises:
        SourceError: a sales file is damaged, in another encoding, or lacks a column.
    """
    has_sales = any(matches(name, profile.sales.files) for name in folder.names)
    sales = folder.sales(profile) if has_sales else []
    messages = [f"{folder.uri}/{name}" for name in folder.names if matches(name, [MESSAGES])]
    return Sources(without_copies(sales), {}, files=tuple(sales), messages=tuple(messages))
