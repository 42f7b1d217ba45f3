"""Profile check: a folder's files read under a profile → first rows and counts; a dry run.

    python -m jobs.check_profile --data DIR --profile NAME|FILE.toml [--rows N]

Reads the files that the profile names completely. Writes nothing and needs no lake.
"""

import argparse
import sys
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from cli.arguments import add_source_arguments
from cli.command import Job, main
from ingestion.arrivals import Reception, events
from ingestion.books.books import Book
from ingestion.books.books_table import books_figures, show_books, show_load
from ingestion.books.dry_run import try_out
from ingestion.books.file_figures import not_read_figures
from ingestion.catalogue.intake import Catalogue, listed, understood
from ingestion.files.rows import source_rows
from ingestion.files.sources import Sources, find_sources
from ingestion.sales.records import parse
from ingestion.sales.unlisted import Listed, unlisted_figures
from lakehouse.context import Context
from lakehouse.profile.profile import Profile, load_profile
from lakehouse.progress import progress

SHOWN = ("date", "shop_id", "item_id", "units", "price", "outcome", "reasons")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    add_source_arguments(parser)
    parser.add_argument(
        "--rows", metavar="N", type=int, default=5, help="first rows to print (default: 5)"
    )


def run(context: Context, arguments: argparse.Namespace) -> dict[str, Any]:
    """Read a folder as jobs.ingest_history would, and return the counts without storing rows."""
    profile = load_profile(arguments.profile)
    progress("checking the files of %s", arguments.data)
    sources = find_sources(arguments.data, profile)
    files = not_read_figures(sources)
    reception = Reception(context.now, context.now)
    rows = first_rows(sources, profile, reception, arguments.rows)
    for row in rows:
        progress("%s", ", ".join(f"{name} {value}" for name, value in row.items() if value))
    catalogue = read_catalogue(context, sources, profile, reception)
    progress("%d shops, %d items", len(catalogue.shops), len(catalogue.items))
    listed_ids = Listed.of_rows(shop_id=catalogue.shops, item_id=catalogue.items)
    trial = try_out(context.spark, sources.sales, profile, reception, listed_ids)
    show_books(trial.books, sources.sales)
    show_load(trial.unlisted, trial.returns)
    return {
        "files": len(trial.books),
        **files,
        "shops": len(catalogue.shops),
        "items": len(catalogue.items),
        "catalogue_rejected": catalogue.rejected,
        "listed_on_unparsable": catalogue.undated,
        **books_figures(trial.books),
        "refused": show_refused(trial.books, sources, profile.sales.most_rejected),
        "unlisted": unlisted_figures(trial.unlisted),
        "returns": trial.returns.figures,
        "first_rows": rows,
    }


def show_refused(books: Sequence[Book], sources: Sources, most: float) -> list[str]:
    """Return and log the files that jobs.ingest_history would refuse.

    jobs.ingest_history refuses a file if more than ``most`` of its records are rejected.

    Args:
        books: the record counts of each file.
        sources: the files.
        most: largest allowed share of rejected records, 0 to 1.
    """
    names = {source.digest: source.name for source in sources.sales}
    refused = [names[b.source] for b in books if b.rejected > most * b.received]
    for name in refused:
        progress("%s: more than [sales] most_rejected = %s of its records are rejected", name, most)
    return refused


def first_rows(
    sources: Sources, profile: Profile, reception: Reception, count: int
) -> list[dict[str, Any]]:
    """Parse the first ``count`` rows of the first sales file; return the columns ``SHOWN``."""
    source = sources.sales[0]
    read: list[pa.Table] = []
    for rows in source_rows(source):
        read.append(rows)
        if sum(len(table) for table in read) >= count:
            break
    if not read:
        return []
    records = parse(
        events(pa.concat_tables(read).slice(0, count), source.digest, reception), profile
    )
    shown: list[dict[str, Any]] = records.select(list(SHOWN)).to_pylist()
    return shown


def read_catalogue(
    context: Context, sources: Sources, profile: Profile, reception: Reception
) -> Catalogue:
    """Read and parse the files that list shops, items and categories."""
    records: dict[str, pa.Table] = {
        entity: listed(lambda: context.spark, sources, entity, reception)
        for entity in sources.entities
    }
    return understood(records, profile)


JOB = Job("check_profile", __doc__, add_arguments, run)

if __name__ == "__main__":
    sys.exit(main(JOB))
