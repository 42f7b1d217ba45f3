"""A lake: the root URI under which every table lives, its format and its profile."""

import json
from dataclasses import dataclass
from typing import Any

from pyarrow.fs import FileType
from pydantic import BaseModel, ValidationError

from lakehouse.errors import LakeError
from lakehouse.profile import Profile
from lakehouse.storage import filesystem, is_local, local_path, normal_uri
from lakehouse.table import Table

FORMAT = 1
MARKER = "lake.json"


class Marker(BaseModel):
    """What the file at the root of a lake says."""

    format: int
    profile: Profile


@dataclass(frozen=True)
class Lake:
    """The root of the tables, as a normal URI."""

    root: str

    @classmethod
    def at(cls, location: str) -> "Lake":
        """Return the lake at a folder or URI; nothing is read or made."""
        return cls(normal_uri(location))

    def uri(self, table: Table) -> str:
        """Return the URI of a table."""
        return f"{self.root}/{table.path}"

    def profile(self) -> Profile:
        """Return the profile that the lake was last filled with.

        Raises:
            LakeError: there is no lake here, it is of another format, or its profile is not one
                of this program.
        """
        stored = self._stored()
        if stored is None:
            raise LakeError(f"{self.root}: no lake here; run ingest_history first.")
        try:
            return Marker.model_validate(stored).profile
        except ValidationError as error:
            fault = error.errors()[0]
            raise LakeError(
                f"{self.root}/{MARKER}: {'.'.join(map(str, fault['loc']))}: {fault['msg']}; "
                "another version of the program wrote it: run ingest_history with the profile as "
                "it is now, which replaces it."
            ) from None

    def claim(self, profile: Profile) -> None:
        """Make this the lake of a profile, or keep its newer version.

        Raises:
            LakeError: it is the lake of another profile, or of another format.
        """
        stored = self._stored()
        if stored is not None and stored["profile"]["name"] != profile.name:
            raise LakeError(
                f"{self.root}: made with profile '{stored['profile']['name']}', not "
                f"'{profile.name}'; name that profile or another lake."
            )
        if stored is None or stored["profile"] != profile.model_dump(mode="json"):
            self._write_marker(profile)

    def _stored(self) -> dict[str, Any] | None:
        """Return what the marker says, whose profile may be one of another program; None: none."""
        # To open the file system would make the folder.
        if is_local(self.root) and not is_folder(self.root):
            return None
        files = filesystem(self.root)
        if files.get_file_info(MARKER).type == FileType.NotFound:
            return None
        with files.open_input_stream(MARKER) as stream:
            return checked(stream.read(), f"{self.root}/{MARKER}")

    def _write_marker(self, profile: Profile) -> None:
        marker = Marker(format=FORMAT, profile=profile)
        with filesystem(self.root).open_output_stream(MARKER) as stream:
            stream.write(marker.model_dump_json(indent=1).encode())


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
        raise LakeError(f"{file}: damaged ({error}); restore it from a copy.") from None
    if found != FORMAT:
        raise LakeError(
            f"{file}: format {found}, this program reads {FORMAT}; "
            "rebuild the lake or use the program that made it."
        )
    return stored
