"""Profile check: a folder's files read under a profile → first rows and counts; a dry run.

    python -m jobs.check_profile --data DIR --profile NAME|FILE.toml [--rows N]

Reads the files that the profile names completely. Writes nothing and needs no lake.
"""

import argparse
import sys
from collections.abc import Mapping

from cli.arguments import add_source_arguments
from cli.command import Job, main
from ingestion import report
from ingestion.arrivals import Reception
from ingestion.catalogue.intake import read_catalogue
from ingestion.files.sources import find_sources
from ingestion.reconciliation.dry_run import dry_run, first_rows
from ingestion.sales.unlisted import Listed
from lakehouse.context import Context
from lakehouse.profile.profile import load_profile
from lakehouse.progress import progress
from lakehouse.storage import normal_uri


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    add_source_arguments(parser)
    parser.add_argument(
        "--rows",
        metavar="N",
        type=int,
        default=5,
        help="number of first rows to print (default: 5)",
    )


def run(context: Context, arguments: argparse.Namespace) -> Mapping[str, object]:
    """Read a folder as jobs.ingest_history would, and return the counts without storing rows."""
    profile = load_profile(arguments.profile)
    context.places.add(normal_uri(arguments.data))
    progress("checking the files of %s", arguments.data)
    sources = find_sources(arguments.data, profile)
    files = report.report_not_read(sources.not_read)
    reception = Reception(context.now, context.now)
    rows = first_rows(sources.sales[0], profile, reception, arguments.rows)
    for row in rows:
        progress("%s", ", ".join(f"{name} {value}" for name, value in row.items() if value))
    catalogue = read_catalogue(lambda: context.spark, sources, profile, reception)
    progress("%d shops, %d items", len(catalogue.shops), len(catalogue.items))
    listed = Listed.of_rows(shop_id=catalogue.shops, item_id=catalogue.items)
    result = dry_run(context.spark, sources.sales, profile, reception, listed)
    names = {source.digest: source.name for source in sources.sales}
    return {
        "files": len(result.files),
        **files,
        "shops": len(catalogue.shops),
        "items": len(catalogue.items),
        **report.report_catalogue(catalogue),
        **report.report_files(result.files, names, profile),
        **report.report_refused(result, names, profile.sales),
        **report.report_control_figures(result.figures),
        "first_rows": rows,
    }


JOB = Job("check_profile", __doc__, add_arguments, run)

if __name__ == "__main__":
    sys.exit(main(JOB))
