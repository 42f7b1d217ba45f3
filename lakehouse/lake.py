"""A lake: the root URI under which every table lives, its format and its profile."""

import json
from dataclasses import dataclass

from pyarrow.fs import FileType
from pydantic import BaseModel

from lakehouse.errors import LakeError
from lakehouse.profile import Profile
from lakehouse.storage import filesystem, normal_uri
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
            LakeError: there is no lake here, or it is of another format.
        """
        marker = self._marker()
        if marker is None:
            raise LakeError(f"{self.root}: no lake here; run ingest_history first.")
        return marker.profile

    def claim(self, profile: Profile) -> None:
        """Make this the lake of a profile, or keep its newer version.

        Raises:
            LakeError: it is the lake of another profile, or of another format.
        """
        marker = self._marker()
        if marker is not None and marker.profile.name != profile.name:
            raise LakeError(
                f"{self.root}: made with profile '{marker.profile.name}', not '{profile.name}'; "
                "name that profile or another lake."
            )
        if marker is None or marker.profile != profile:
            self._write_marker(profile)

    def _marker(self) -> Marker | None:
        files = filesystem(self.root)
        if files.get_file_info(MARKER).type == FileType.NotFound:
            return None
        with files.open_input_stream(MARKER) as stream:
            text = stream.read()
        found = json.loads(text).get("format")
        if found != FORMAT:
            raise LakeError(
                f"{self.root}/{MARKER}: format {found}, this program reads {FORMAT}; "
                "rebuild the lake or use the program that made it."
            )
        return Marker.model_validate_json(text)

    def _write_marker(self, profile: Profile) -> None:
        marker = Marker(format=FORMAT, profile=profile)
        with filesystem(self.root).open_output_stream(MARKER) as stream:
            stream.write(marker.model_dump_json(indent=1).encode())
