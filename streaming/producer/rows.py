"""Producer files: sales files, checked before the producer reads the rows."""

from ingestion.files.sources import Source, find_file
from lakehouse.profile.profile import Profile


def find_sales(location: str, profile: Profile) -> Source:
    """Check a sales file completely, before the first message is sent.

    Args:
        location: path or URI; the ending decides: Parquet, or delimited text, ``.gz`` compressed.
        profile: names the columns and the format of text files.

    Raises:
        SourceError: the file is missing, empty, damaged, in another encoding, or lacks a column.
    """
    return find_file(location, profile.sales.columns.model_dump(exclude_none=True), profile.files)
