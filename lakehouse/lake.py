"""Lake location: the root URI under which every table is stored."""

import re
from dataclasses import dataclass

from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from lakehouse.errors import LakeError
from lakehouse.storage import is_local, storage_options, table_root
from lakehouse.table import Table

# Colour codes and arrows, removed from delta-rs' messages.
PRINTED = re.compile(r"\x1b\[[0-9;]*m|↳")


@dataclass(frozen=True)
class Lake:
    """A lake.

    Attributes:
        root: URI under which all tables are, as ``normal_uri`` returns it.
    """

    root: str

    @classmethod
    def at(cls, location: str) -> "Lake":
        """Return the lake at a folder or URI, without reading or creating anything.

        Raises:
            UsageError: the URI's scheme is unknown, or the path has a character that Spark and
                delta-rs read differently; name another folder.
        """
        return cls(table_root(location))

    def require_store(self) -> None:
        """Check that the lake's object store answers; a local folder is not checked.

        Raises:
            LakeError: the store does not answer; check the bucket's name, the credentials and
                the endpoint in the environment.
        """
        if is_local(self.root):
            return
        try:
            DeltaTable.is_deltatable(self.root, storage_options(self.root))
        except (OSError, DeltaError) as error:
            causes = " ".join(PRINTED.sub("", str(error)).split())
            raise LakeError(
                f"{self.root}: the object store does not answer: {causes}; "
                "check the name, the credentials and the endpoint in the environment "
                "(AWS_ACCESS_KEY_ID, AWS_ENDPOINT_URL and so on: docs/how_to/object_stores.md)."
            ) from None

    def uri(self, table: Table) -> str:
        """Return the URI of a table in this lake."""
        return f"{self.root}/{table.path}"
