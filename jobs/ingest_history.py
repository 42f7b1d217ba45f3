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
from collections.abc import Mapping
from datetime import datetime

from cli.arguments import add_lake_argument, add_source_arguments, lake_of
from cli.command import Job, main
from ingestion import report
from ingestion.arrivals import Reception
from ingestion.files.sources import find_sources
from ingestion.history import HistoryIngest
from ingestion.reconciliation.control_totals import compare, read_control
from ingestion.reconciliation.ingested_files import read_known_files
from ingestion.sales.redelivery import Redelivery
from ingestion.sales.redelivery_lines import ShopDay
from ingestion.sales.span import extend_months
from lakehouse.context import Context
from lakehouse.errors import UsageError
from lakehouse.profile.date_format import ISO, date_reader
from lakehouse.profile.profile import load_profile
from lakehouse.profile.stored import claim_lake
from lakehouse.progress import progress
from lakehouse.storage import normal_uri
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
        help="replace the sales of this shop and day by the files' lines of that day, and ingest "
        "nothing else; may be given several times",
    )


def shop_day(text: str) -> ShopDay:
    """Parse a shop and a day written as SHOP,YYYY-MM-DD.

    Raises:
        ArgumentTypeError: the text has another form.
    """
    shop, _, day = text.rpartition(",")
    shop_id, date = plausible_id(shop), date_reader(ISO)(day)
    if shop_id is None or date is None:
        raise argparse.ArgumentTypeError(f"{text}: not SHOP,YYYY-MM-DD")
    return ShopDay(shop_id, date)


def run(context: Context, arguments: argparse.Namespace) -> Mapping[str, object]:
    """Ingest a folder's new files; with ``--replace``, replace the named shops' days.

    Raises:
        UsageError: ``--received-at`` is no ISO timestamp or lies in the future.
        ReconciliationError: records were lost.
        RefusedError: too many records of a file, or of the returns, are rejected.
    """
    lake, profile = lake_of(context, arguments), load_profile(arguments.profile)
    reception = Reception(received_at(arguments.received_at, context.now), context.now)
    date_format = profile.sales.date_format
    control = read_control(arguments.control, date_format) if arguments.control else None
    context.places.add(normal_uri(arguments.data))
    progress("checking the files of %s", arguments.data)
    known_files = {} if arguments.replace else read_known_files(lake)
    sources = find_sources(arguments.data, profile, known_files)
    figures = report.report_not_read(sources.not_read)
    claim_lake(lake, profile)
    if arguments.replace:
        redelivery = Redelivery(lake, profile, reception)
        days = redelivery.replace(context.spark, sources.sales, arguments.replace)
        extend_months(lake, context.now)
        figures |= report.report_replaced_days(days, sources.sales)
    else:
        ingest = HistoryIngest(lambda: context.spark, lake, profile, reception, sources)
        figures |= report.report_ingest(ingest.run(), profile)
    figures |= report.report_months(lake)
    if control is not None:
        figures |= report.report_control_totals(compare(lake, control))
    return figures


def received_at(text: str | None, now: datetime) -> datetime:
    """Return when the files were received: ``--received-at``, or now if absent.

    Raises:
        UsageError: the text is no ISO timestamp, or lies in the future by more than the allowed
            clock difference.
    """
    if text is None:
        return now
    stated = timestamp(text)
    if stated is None:
        raise UsageError(f"--received-at {text}: not an ISO timestamp, such as 2015-04-01T06:00.")
    if stated > now + CLOCKS_APART:
        raise UsageError(
            f"--received-at {text}: in the future, so that no later version of a record would "
            "count; name a past time."
        )
    return stated


JOB = Job("ingest_history", __doc__, add_arguments, run)

if __name__ == "__main__":
    sys.exit(main(JOB))
