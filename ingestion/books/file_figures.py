"""Reports about files, for terminal and result line: files not read, and files read before."""

from collections.abc import Mapping, Sequence
from typing import Any

from ingestion.books import ingested_files
from ingestion.files.sources import Source, Sources
from lakehouse.lake import Lake
from lakehouse.progress import progress

FIRST_FILES = 20


def not_read_figures(sources: Sources) -> dict[str, Any]:
    """Report the files of a folder that are not read; warn of files that look like data files."""
    for one in sources.not_read:
        if one.is_likely:
            progress("WARNING: %s is not read: %s", one.name, one.why)
    named = {one.name: one.why for one in sources.not_read[:FIRST_FILES]}
    return {"files_not_read": len(sources.not_read), "not_read": named}


def replaced_figures(sources: Sources, days: Sequence[Mapping[str, object]]) -> dict[str, int]:
    """Report the number of rows in the files, and of rows that are in no replaced day."""
    received = sum(source.rows for source in sources.sales)
    lines = sum(int(str(day["lines"])) for day in days)
    return {"received": received, "rows_of_other_days": received - lines}


def read_before_figures(lake: Lake, new: Sequence[Source]) -> dict[str, Any]:
    """Report and warn of new sales files whose name an ingested file with other contents has."""
    found = ingested_files.read_before(lake, new)
    for name, when in found.items():
        progress(
            "WARNING: %s was read before with other contents (%s); both stand. If it corrects what "
            "was read, take in its shop-days by --replace SHOP,YYYY-MM-DD",
            *(name, f"{when:%Y-%m-%d %H:%M} UTC"),
        )
    return {"read_before_with_other_contents": list(found)[:FIRST_FILES]} if found else {}
