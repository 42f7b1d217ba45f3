"""Lake marker: the file ``lake.json`` at a lake's root, which stores the lake's profile."""

import json
from typing import TypedDict

from pydantic import BaseModel, ValidationError

from lakehouse.errors import LakeError
from lakehouse.faults import reach
from lakehouse.lake import Lake
from lakehouse.profile.profile import Profile
from lakehouse.storage import filesystem, is_local, local_path
from lakehouse.whole_files import claim_file, read_file, write_file

FORMAT = 1
MARKER = "lake.json"


class StoredMarker(TypedDict):
    """The JSON of a lake's marker file, before the profile is validated."""

    format: int
    profile: dict[str, object]


class Marker(BaseModel):
    """The content of a lake's marker file: format number and profile."""

    format: int
    profile: Profile


def stored_profile(lake: Lake) -> Profile:
    """Return the profile that a lake was last filled with.

    Raises:
        LakeError: the root has no lake (run ingest_history first), or the marker file is damaged,
            has another format, or has a profile that this program cannot read.
    """
    profile = claimed_profile(lake)
    if profile is None:
        raise LakeError(f"{lake.root}: no lake here; run ingest_history first.")
    return profile


def claimed_profile(lake: Lake) -> Profile | None:
    """Return the profile that a lake was last filled with; None: the root has no lake.

    Raises:
        LakeError: the marker file is damaged, has another format, or has a profile that this
            program cannot read; the message gives the remedy.
    """
    stored = read_marker(lake)
    if stored is None:
        return None
    try:
        return Marker.model_validate(stored).profile
    except ValidationError as error:
        fault = error.errors()[0]
        raise LakeError(
            f"{lake.root}/{MARKER}: {'.'.join(map(str, fault['loc']))}: {fault['msg']}; "
            "another version of the program wrote it: run ingest_history with the profile as "
            "it is now, which replaces it."
        ) from None


def claim_lake(lake: Lake, profile: Profile) -> None:
    """Assign a lake to a profile, or store a changed version of the lake's profile.

    If several processes claim a new lake at the same time, the first one's profile is stored.

    Raises:
        LakeError: the lake belongs to another profile, has another format, or has a damaged
            marker file; name that profile or another lake.
    """
    marker = Marker(format=FORMAT, profile=profile).model_dump_json(indent=1).encode()
    if is_local(lake.root):
        is_folder(lake.root)
    stored = parse_marker(claim_file(lake.root, MARKER, marker), f"{lake.root}/{MARKER}")
    if stored["profile"]["name"] != profile.name:
        raise LakeError(
            f"{lake.root}: made with profile '{stored['profile']['name']}', not "
            f"'{profile.name}'; name that profile or another lake."
        )
    if stored["profile"] != profile.model_dump(mode="json"):
        write_file(lake.root, MARKER, marker)


def disclaim_lake(lake: Lake) -> None:
    """Delete a lake's marker file, even if tables remain."""
    if read_marker(lake) is not None:
        reach(f"before {MARKER} removal")
        filesystem(lake.root).delete_file(MARKER)


def read_marker(lake: Lake) -> StoredMarker | None:
    """Read a lake's marker file without validating its profile; None: no marker file."""
    # Opening the file system would create the folder.
    if is_local(lake.root) and not is_folder(lake.root):
        return None
    text = read_file(lake.root, MARKER)
    return None if text is None else parse_marker(text, f"{lake.root}/{MARKER}")


def is_folder(root: str) -> bool:
    """Return whether a local lake's folder exists.

    Raises:
        LakeError: the path is a file; name the lake's folder.
    """
    path = local_path(root)
    if path.exists() and not path.is_dir():
        raise LakeError(f"{root}: a file, no folder; name the folder of the lake.")
    return path.exists()


def parse_marker(text: bytes, file: str) -> StoredMarker:
    """Parse the content of a lake's marker file and check its format.

    Args:
        text: the content.
        file: name of the marker file, for messages.

    Raises:
        LakeError: the file is damaged or has another format; the message gives the remedy.
    """
    try:
        stored: StoredMarker = json.loads(text)
        version = stored["format"]
        stored["profile"]["name"]
    except (ValueError, LookupError, TypeError) as error:
        raise LakeError(
            f"{file}: damaged ({error}); delete this one file and run ingest_history with the "
            "profile that the lake was made with, which writes it again."
        ) from None
    if version != FORMAT:
        raise LakeError(
            f"{file}: format {version}, this program reads {FORMAT}; "
            "rebuild the lake or use the program that made it."
        )
    return stored
