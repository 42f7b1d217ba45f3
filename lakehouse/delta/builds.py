"""Records of builds in a derived table's log: digests of each month's inputs, code versions."""

import json
from datetime import date

from deltalake import DeltaTable

from lakehouse.delta import log
from lakehouse.delta.states import MADE, VERSION, as_digest
from lakehouse.delta.transactions import transaction_numbers
from lakehouse.delta.version_cache import VersionCache
from lakehouse.lake import Lake
from lakehouse.table import Table

# Commit metadata key of programs before ADR 13: month → digest of the month's inputs.
BUILT = "shopcast.built"
# How many commits back that key is looked for.
HISTORY = 50
EARLIER_RECORDS = VersionCache[dict[str, str]]()


def numbers_of(opened: DeltaTable, uri: str, name: str) -> dict[str, int]:
    """Return a table's recorded numbers whose names begin with a prefix.

    Args:
        opened: a version of the table.
        uri: the table's URI.
        name: the prefix, which a space separates from the rest of a number's name.

    Returns:
        Rest of the name, without prefix and space → number.
    """
    numbers = transaction_numbers(opened, uri)
    return {
        recorded.removeprefix(f"{name} "): number
        for recorded, number in numbers.items()
        if recorded.startswith(f"{name} ")
    }


def read_digests(lake: Lake, table: Table) -> dict[date, str]:
    """Return for each month of a derived table the digest of its inputs at the last build.

    Returns:
        Month → digest; empty if the table does not exist.
    """
    return digests_of(log.load(lake, table), lake.uri(table)) if log.exists(lake, table) else {}


def digests_of(opened: DeltaTable, uri: str) -> dict[date, str]:
    """Return what ``read_digests`` does, for an opened version."""
    numbers = numbers_of(opened, uri, MADE)
    if not numbers:
        return earlier_digests_of(opened, uri)
    return {date.fromisoformat(f"{m}-01"): as_digest(number) for m, number in numbers.items()}


def read_earlier_digests(lake: Lake, table: Table) -> dict[date, str]:
    """Return the input digests that a program before ADR 13 recorded, by month.

    Returns:
        Month → digest; empty if the table does not exist or has digests recorded since ADR 13.
    """
    if not log.exists(lake, table):
        return {}
    return earlier_digests_of(log.load(lake, table), lake.uri(table))


def earlier_digests_of(opened: DeltaTable, uri: str) -> dict[date, str]:
    """Return what ``read_earlier_digests`` does, for an opened version."""
    recorded = earlier_record(opened, uri).get(BUILT, "{}")
    return {date.fromisoformat(month): digest for month, digest in json.loads(recorded).items()}


def earlier_record(opened: DeltaTable, uri: str) -> dict[str, str]:
    """Return the newest commit metadata in which a program before ADR 13 recorded a build.

    Returns:
        ``{BUILT: JSON}``; empty if no recent commit has such metadata, or if the table has digests
        recorded since ADR 13.
    """
    if numbers_of(opened, uri, MADE):
        return {}
    return EARLIER_RECORDS.get(opened, read_earlier_record)


def read_earlier_record(opened: DeltaTable) -> dict[str, str]:
    """Read the newest commit metadata with ``BUILT`` from the log."""
    recorded = (commit[BUILT] for commit in opened.history(HISTORY) if BUILT in commit)
    newest = next(recorded, None)
    return {BUILT: newest} if newest else {}


def read_versions(lake: Lake, table: Table) -> dict[str, int]:
    """Return the code versions that a derived table was last built with.

    Returns:
        Part of the program → version; empty if the table does not exist.
    """
    if not log.exists(lake, table):
        return {}
    return numbers_of(log.load(lake, table), lake.uri(table), VERSION)
