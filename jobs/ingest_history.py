"""History ingest: a retailer's files → bronze (records as received), silver (newest versions).

    python -m jobs.ingest_history --data DIR --profile NAME|FILE.toml [--lake URI]
        [--control FILE] [--received-at TIMESTAMP] [--replace SHOP,YYYY-MM-DD …]

Reads the files that the profile names. Writes bronze sales_events, catalogue_events,
rejected_sales, sources and silver daily_sales, daily_offers, shops, items, months. A file that was
ingested before changes nothing; the next run completes a run that was cut off. With --replace the
files hold complete days of the named shops again: stored sales of such a day that the files lack
are cancelled.
"""

import argparse
import sys
from datetime import datetime
from typing import Any

from cli.arguments import add_lake_argument, add_source_arguments, lake_of
from cli.command import Job, main
from ingestion.arrivals import Reception
from ingestion.books import accounts, ingested_files
from ingestion.books.books import Book, require_balance
from ingestion.books.books_table import (
    FIRST_FAULTS,
    books_figures,
    control_figures,
    show_books,
    show_load,
)
from ingestion.books.control import compare, read_control
from ingestion.books.file_figures import not_read_figures, read_before_figures, replaced_figures
from ingestion.catalogue import intake as catalogue
from ingestion.files.sources import Source, Sources, find_sources
from ingestion.inputs import intake as inputs
from ingestion.lake_months import stored_months
from ingestion.sales import intake
from ingestion.sales.admission import Load
from ingestion.sales.arrivals import is_received, receive
from ingestion.sales.redelivery import redeliver
from ingestion.sales.redelivery_lines import ShopDay
from ingestion.sales.span import extend_months, find_gaps
from lakehouse.context import Context
from lakehouse.delta.rows import read_files
from lakehouse.errors import UsageError
from lakehouse.lake import Lake
from lakehouse.month_range import MonthRange
from lakehouse.profile.date_format import ISO, date_reader
from lakehouse.profile.profile import Profile, load_profile
from lakehouse.profile.stored import claim_lake
from lakehouse.progress import progress
from lakehouse.tables.bronze import SALES_EVENTS
from lakehouse.values import CLOCKS_APART, plausible_id, timestamp


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    add_source_arguments(parser)
    add_lake_argument(parser)
    parser.add_argument(
        "--control",
        metavar="FILE",
        help="CSV of the tills' totals (shop_id,date,rows,units,revenue) to compare with",
    )
    parser.add_argument(
        "--received-at",
        metavar="TIMESTAMP",
        help="when the files were received, ISO: the version of records that state none "
        "(default: now)",
    )

    parser.add_argument(
        "--replace",
        metavar="SHOP,YYYY-MM-DD",
        action="append",
        type=shop_day,
        default=[],
        help="replace this shop's day by what the files hold of it, and take in nothing else; "
        "may be given several times",
    )


def shop_day(text: str) -> ShopDay:
    """Parse a shop and a day written as SHOP,YYYY-MM-DD.

    Raises:
        ArgumentTypeError: the text has another form.
    """
    shop, _, day = text.rpartition(",")
    shop_id, found = plausible_id(shop), date_reader(ISO)(day)
    if shop_id is None or found is None:
        raise argparse.ArgumentTypeError(f"{text}: not SHOP,YYYY-MM-DD")
    return ShopDay(shop_id, found)


def run(context: Context, arguments: argparse.Namespace) -> dict[str, Any]:
    """Ingest a folder's new files; with ``--replace``, replace the named shops' days.

    Raises:
        UsageError: ``--received-at`` is no ISO timestamp or lies in the future.
        BooksError: records were lost.
        RefusedError: too many records of a file are rejected.
    """
    lake, profile = lake_of(context, arguments), load_profile(arguments.profile)
    reception = Reception(received_at(arguments, context), context.now)
    control = (
        read_control(arguments.control, profile.sales.date_format) if arguments.control else None
    )
    progress("checking the files of %s", arguments.data)
    known = {} if arguments.replace else ingested_files.known_files(lake)
    sources = find_sources(arguments.data, profile, known)
    figures = not_read_figures(sources)
    claim_lake(lake, profile)
    if arguments.replace:
        days = redeliver(context.spark, lake, sources.sales, arguments.replace, profile, reception)
        extend_months(lake, context.now)
        replaced = {"replaced": days} | replaced_figures(sources, days)
        return figures | replaced | months_figures(lake)
    figures |= take_in_catalogue(context, lake, sources, profile, reception)
    figures |= take_in_inputs(context, lake, sources, profile, reception)
    new = new_sales(lake, sources)
    figures |= read_before_figures(lake, new)
    load = Load(lake, {s.digest: s.name for s in sources.sales}, profile.sales)
    books = take_in_sales(context, load, new, profile, reception)
    ingested_files.record_files(lake, sources.files, reception)
    figures |= {"files": len(books), "files_skipped": len(sources.sales) - len(books)}
    figures |= books_figures(books) | load.figures | months_figures(lake)
    show_load(load.unlisted, load.returns)
    return figures | (control_figures(compare(lake, control)) if control is not None else {})


def received_at(arguments: argparse.Namespace, context: Context) -> datetime:
    """Return when the files were received: ``--received-at``, or now if absent.

    Raises:
        UsageError: ``--received-at`` is no ISO timestamp, or lies in the future by more than the
            allowed clock difference.
    """
    if arguments.received_at is None:
        return context.now
    stated = timestamp(arguments.received_at)
    if stated is None:
        raise UsageError(f"--received-at {arguments.received_at}: not an ISO timestamp.")
    if stated > context.now + CLOCKS_APART:
        raise UsageError(
            f"--received-at {arguments.received_at}: in the future; no later version would count."
        )
    return stated


def take_in_catalogue(
    context: Context, lake: Lake, sources: Sources, profile: Profile, reception: Reception
) -> dict[str, Any]:
    """Ingest shops, items and categories, unless their files and profile are unchanged."""
    digest = catalogue.catalogue_digest(sources, profile)
    if ingested_files.latest_catalogue(lake) == digest:
        progress("the catalogue has not changed")
        return {"shops_changed": 0, "items_changed": 0, "catalogue_rejected": 0}
    progress("taking in the catalogue")
    taken, shops, items = catalogue.take_in(
        lambda: context.spark, lake, sources, profile, reception
    )
    names = ", ".join(sorted({source.name for source in sources.entities.values()}))
    ingested_files.record_catalogue(lake, digest, names, taken.received, taken.rejected, reception)
    return {
        "shops_changed": shops,
        "items_changed": items,
        "catalogue_rejected": taken.rejected,
        "listed_on_unparsable": taken.undated,
    }


def take_in_inputs(
    context: Context, lake: Lake, sources: Sources, profile: Profile, reception: Reception
) -> dict[str, Any]:
    """Ingest the optional inputs that the profile declares, unless a file is unchanged."""
    counts = {}
    for name, source in sources.inputs.items():
        if ingested_files.latest(lake, name) == source.digest:
            progress("%s has not changed", source.name)
            continue
        progress("taking in %s", source.name)
        received, left_out = inputs.take_in(
            lambda: context.spark, lake, name, source, profile, reception
        )
        ingested_files.record_list(
            lake, name, source.digest, source.name, received, left_out, reception
        )
        counts[name] = {"received": received, "rejected": left_out}
    return {"inputs": counts} if sources.inputs else {}


def new_sales(lake: Lake, sources: Sources) -> list[Source]:
    """Return the sales files without a record of ingestion in bronze.sources."""
    done = ingested_files.recorded_sales(lake)
    return [source for source in sources.sales if source.digest not in done]


def take_in_sales(
    context: Context, load: Load, new: list[Source], profile: Profile, reception: Reception
) -> list[Book]:
    """Ingest sales files into bronze and silver, and reconcile the records of each file.

    The order of the commits makes a run that is cut off safe to repeat: one commit puts a file's
    records into bronze, silver accepts the same records any number of times, and the file is
    recorded as ingested last.

    Returns:
        The record counts of each new file.

    Raises:
        BooksError: records were lost.
        RefusedError: too many records of a file are rejected.
    """
    lake = load.lake
    if not new:
        progress("no new sales file")
        extend_months(lake, reception.ingested_at)
        return []
    digests = [source.digest for source in new]
    for source in new:
        arrive(context, lake, source, reception)
    progress("finding the newest version of every sale")
    events = read_files(context.spark, lake, SALES_EVENTS, "source", digests)
    intake.take_in(lake, events, profile, admit=load.admit)
    books = accounts.draw_up(lake, digests, profile)
    show_books(books, new)
    require_balance(books)
    extend_months(lake, reception.ingested_at)
    ingested_files.record_sales(
        lake, books, {source.digest: source.name for source in new}, reception
    )
    return books


def arrive(context: Context, lake: Lake, source: Source, reception: Reception) -> None:
    """Append a sales file's records to bronze.sales_events, unless an earlier run did."""
    if is_received(lake, source):
        progress("%s is in bronze already", source.name)
        return
    progress("reading %s", source.name)
    receive(context.spark, lake, source, reception)


def months_figures(lake: Lake) -> dict[str, Any]:
    """Return the first month, the open month and the gaps between months as result fields."""
    months = stored_months(lake)
    if months is None:
        return {"first_month": None, "open_month": None, "gaps": []}
    gaps = [named_gap(gap) for gap in find_gaps(lake)]
    for gap in gaps[:FIRST_FAULTS]:
        progress("no sale in %s, although there are sales before and after", gap)
    return {
        "first_month": f"{months.range.first:%Y-%m}",
        "open_month": f"{months.open_month:%Y-%m}",
        "gaps": gaps[:FIRST_FAULTS],
    }


def named_gap(gap: MonthRange) -> str:
    """Write a range of months as text."""
    first, last = f"{gap.first:%Y-%m}", f"{gap.last:%Y-%m}"
    return first if len(gap) == 1 else f"{first} to {last} ({len(gap)} months)"


JOB = Job("ingest_history", __doc__, add_arguments, run)

if __name__ == "__main__":
    sys.exit(main(JOB))
