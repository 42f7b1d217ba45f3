"""A lake: the root URI under which every table lives, its format and its profile."""

import json
import re
from dataclasses import dataclass
from typing import Any

from deltalake import DeltaTable
from deltalake.exceptions import DeltaError
from pydantic import BaseModel, ValidationError

from lakehouse.errors import LakeError
from lakehouse.faults import reach
from lakehouse.profile import Profile
from lakehouse.storage import filesystem, is_local, local_path, table_root
from lakehouse.table import Table
from lakehouse.whole_files import claim_file, read_file, write_file

FORMAT = 1
MARKER = "lake.json"
# Colours and arrows in the messages of delta-rs.
PRINTED = re.compile(r"\x1b\[[0-9;]*m|↳")


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
        """Return the lake at a folder or URI; nothing is read or made.

        Raises:
            UsageError: tables cannot be kept there.
        """
        return cls(table_root(location))

    def require_store(self) -> None:
        """Check that the object store of a lake answers; a folder needs nothing.

        Raises:
            LakeError: it does not, for want of credentials, of a bucket or of a connection.
        """
        if is_local(self.root):
            return
        try:
            DeltaTable.is_deltatable(self.root)
        except (OSError, DeltaError) as error:
            causes = " ".join(PRINTED.sub("", str(error)).split())
            raise LakeError(
                f"{self.root}: the object store does not answer: {causes}; "
                "check the name, the credentials and the endpoint in the environment "
                "(AWS_ACCESS_KEY_ID, AWS_ENDPOINT_URL and so on: docs/object_stores.md)."
            ) from None

    def uri(self, table: Table) -> str:
        """Return the URI of a table."""
        return f"{self.root}/{table.path}"

    def profile(self) -> Profile:
        """Return the profile that the lake was last filled with.

        Raises:
            LakeError: there is no lake here, it is of another format, or its profile is not one
                of this program.
        """
        found = self.claimed()
        if found is None:
            raise LakeError(f"{self.root}: no lake here; run ingest_history first.")
        return found

    def claimed(self) -> Profile | None:
        """Return the profile that the lake was last filled with; None: there is no lake here.

        Raises:
            LakeError: it is of another format, or its profile is not one of this program.
        """
        stored = self._stored()
        if stored is None:
            return None
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

        Of several processes that claim a new lake at the same time the first decides.

        Raises:
            LakeError: it is the lake of another profile, or of another format.
        """
        mine = Marker(format=FORMAT, profile=profile).model_dump_json(indent=1).encode()
        if is_local(self.root):
            is_folder(self.root)
        stored = checked(claim_file(self.root, MARKER, mine), f"{self.root}/{MARKER}")
        if stored["profile"]["name"] != profile.name:
            raise LakeError(
                f"{self.root}: made with profile '{stored['profile']['name']}', not "
                f"'{profile.name}'; name that profile or another lake."
            )
        if stored["profile"] != profile.model_dump(mode="json"):
            write_file(self.root, MARKER, mine)

    def disclaim(self) -> None:
        """Make this no lake, whatever tables are left."""
        if self._stored() is not None:
            reach(f"before {MARKER} removal")
            filesystem(self.root).delete_file(MARKER)

    def _stored(self) -> dict[str, Any] | None:
        """Return what the marker says, whose profile may be one of another program; None: none."""
        # To open the file system would make the folder.
        if is_local(self.root) and not is_folder(self.root):
            return None
        found = read_file(self.root, MARKER)
        return None if found is None else checked(found, f"{self.root}/{MARKER}")


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
