"""The sales files that the producer reads, as ``ingestion.files.rows`` reads every file."""

from ingestion.files.sources import Source, find_file
from lakehouse.profile.profile import Profile


def find_sales(location: str, profile: Profile) -> Source:
    """Check a sales file, read whole, before anything is sent.

    Args:
        location: path or URI; Parquet by its ending, else delimited text, ``.gz`` packed.
        profile: the columns.

    Raises:
        SourceError: it is missing, empty, damaged, in another encoding, or lacks a column.
    """
    return find_file(location, profile.sales.columns.model_dump(exclude_none=True), profile.files)
