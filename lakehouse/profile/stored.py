"""The profile that a lake was filled with, in the marker file at the lake's root."""

import json
from typing import Any

from pydantic import BaseModel, ValidationError

from lakehouse.errors import LakeError
from lakehouse.faults import reach
from lakehouse.lake import Lake
from lakehouse.profile.profile import Profile
from lakehouse.storage import filesystem, is_local, local_path
from lakehouse.whole_files import claim_file, read_file, write_file

FORMAT = 1
MARKER = "lake.json"


class Marker(BaseModel):
    """What the file at the root of a lake says."""

    format: int
    profile: Profile


def stored_profile(lake: Lake) -> Profile:
    """Return the profile that the lake was last filled with.

    Raises:
        LakeError: there is no lake here, it is of another format, or its profile is not one
            of this program.
    """
    found = claimed_profile(lake)
    if found is None:
        raise LakeError(f"{lake.root}: no lake here; run ingest_history first.")
    return found


def claimed_profile(lake: Lake) -> Profile | None:
    """Return the profile that the lake was last filled with; None: there is no lake here.

    Raises:
        LakeError: it is of another format, or its profile is not one of this program.
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
    """Make a lake that of a profile, or keep the profile's newer version.

    Of several processes that claim a new lake at the same time the first decides.

    Raises:
        LakeError: it is the lake of another profile, or of another format.
    """
    mine = Marker(format=FORMAT, profile=profile).model_dump_json(indent=1).encode()
    if is_local(lake.root):
        is_folder(lake.root)
    stored = checked(claim_file(lake.root, MARKER, mine), f"{lake.root}/{MARKER}")
    if stored["profile"]["name"] != profile.name:
        raise LakeError(
            f"{lake.root}: made with profile '{stored['profile']['name']}', not "
            f"'{profile.name}'; name that profile or another lake."
        )
    if stored["profile"] != profile.model_dump(mode="json"):
        write_file(lake.root, MARKER, mine)


def disclaim_lake(lake: Lake) -> None:
    """Remove a lake's marker, whatever tables are left."""
    if read_marker(lake) is not None:
        reach(f"before {MARKER} removal")
        filesystem(lake.root).delete_file(MARKER)


def read_marker(lake: Lake) -> dict[str, Any] | None:
    """Return what the marker says, whose profile may be one of another program; None: none."""
    # To open the file system would make the folder.
    if is_local(lake.root) and not is_folder(lake.root):
        return None
    found = read_file(lake.root, MARKER)
    return None if found is None else checked(found, f"{lake.root}/{MARKER}")


def is_folder(root: str) -> bool:
    """Say whether a local lake's folder is there.

    Raises:
        LakeError: there is a file.
    """
    path = local_path(root)
    if path.exists() and not path.is_dir():
        raise LakeError(f"{root}: a file, no folder; name the folder of the lake.")
    return path.exists()


def checked(text: bytes, file: str) -> dict[str, Any]:
    """Read the file at the root of a lake.

    Raises:
        LakeError: it is damaged, or of another format.
    """
    try:
        stored: dict[str, Any] = json.loads(text)
        found = stored["format"]
        stored["profile"]["name"]
    except (ValueError, LookupError, TypeError) as error:
        raise LakeError(
            f"{file}: damaged ({error}); delete this one file and run ingest_history with the "
            "profile that the lake was made with, which writes it again."
        ) from None
    if found != FORMAT:
        raise LakeError(
            f"{file}: format {found}, this program reads {FORMAT}; "
            "rebuild the lake or use the program that made it."
        )
    return stored
