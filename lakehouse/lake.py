"""A lake: the root URI under which every table lives."""

import re
from dataclasses import dataclass

from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from lakehouse.errors import LakeError
from lakehouse.storage import is_local, table_root
from lakehouse.table import Table

# Colours and arrows in the messages of delta-rs.
PRINTED = re.compile(r"\x1b\[[0-9;]*m|↳")


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
