"""Landed messages: catalogue messages in files of a folder, put there by the API's uploads."""

from fnmatch import fnmatchcase

# Name of a file whose lines are messages of the contract catalogue.
PATTERN = "catalogue-upload-*.ndjson"


def landed_name(upload_id: str) -> str:
    """Return the name of the file of an upload's catalogue messages."""
    return PATTERN.replace("*", upload_id)


def is_landed(name: str) -> bool:
    """Return whether a file's name is that of landed catalogue messages."""
    return fnmatchcase(name, PATTERN)
