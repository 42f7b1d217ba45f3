"""Copies of a lake: tables, catalogue and forecasts → PostgreSQL or MongoDB.

    python -m jobs.publish --lake URI --to postgresql://USER@HOST/DATABASE [--sales YYYY-MM]
    python -m jobs.publish --lake URI --to mongodb://HOST/DATABASE

Reads silver shops, items, months and monthly cells, gold forecasts, forecast_versions and
forecast_scores, and with --sales silver.daily_sales. Writes the database, and nothing into the
lake. Only what changed since the last run is copied, and readers see all of it at once. A run that
was ended in the middle changes nothing for readers; the next one goes on (docs/how_to/copies.md).
"""

import argparse
import sys
from datetime import timedelta
from typing import Any

from cli.arguments import add_lake_argument, count, lake_of, month
from cli.command import Job, main
from lakehouse.context import Context
from lakehouse.errors import UsageError
from lakehouse.lake import Lake
from publishing.contents import Extent
from publishing.outcome import Published

VERSIONS, KEEP_HOURS = 24, 24


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    add_lake_argument(parser)
    parser.add_argument(
        "--to",
        metavar="URL",
        help="postgresql://USER@HOST:PORT/DATABASE or mongodb://HOST:PORT/DATABASE "
        "(default: PUBLISH_TO); keep passwords out of the command line: PGPASSWORD, PGPASSFILE "
        "or PUBLISH_TO",
    )
    parser.add_argument(
        "--sales",
        type=month,
        metavar="YYYY-MM",
        help="PostgreSQL: copy the daily sales too, from this month on (default: from the first "
        "month that an earlier run copied)",
    )
    parser.add_argument(
        "--versions",
        type=count,
        default=VERSIONS,
        metavar="N",
        help=f"PostgreSQL: copy the newest N forecast versions (default: {VERSIONS})",
    )
    parser.add_argument(
        "--keep-hours",
        type=hours,
        default=KEEP_HOURS,
        metavar="N",
        help="keep superseded copies so long for readers that still use them; 0: remove them at "
        f"once, as after an erasure (default: {KEEP_HOURS}; MongoDB: until the next run)",
    )


def hours(text: str) -> int:
    """Parse a whole number of hours, 0 or more.

    Raises:
        ArgumentTypeError: the text is something else.
    """
    return 0 if text == "0" else count(text)


def run(context: Context, arguments: argparse.Namespace) -> dict[str, Any]:
    """Copy what changed, and let readers see it."""
    url = arguments.to or default_url(context)
    lake = lake_of(context, arguments)
    keep = timedelta(hours=arguments.keep_hours)
    published = publish(context, lake, url, Extent(arguments.versions, arguments.sales, keep))
    return {
        "to": published.target,
        "copied": published.copied,
        "published": published.is_published,
        "removed": published.removed,
    }


def default_url(context: Context) -> str:
    """Return the URL that PUBLISH_TO names.

    Raises:
        UsageError: PUBLISH_TO is not set.
    """
    if context.settings.publish_to is None:
        raise UsageError("No database is named: pass --to URL or set PUBLISH_TO.")
    return context.settings.publish_to.get_secret_value()


def publish(context: Context, lake: Lake, url: str, extent: Extent) -> Published:
    """Copy a lake to the database of a URL.

    Raises:
        UsageError: the URL has another scheme, or --sales is given for MongoDB.
    """
    scheme = url.partition("://")[0]
    if scheme in ("postgresql", "postgres"):
        from publishing.postgresql.publication import publish as publish_tables

        return publish_tables(url, lake, extent)
    if scheme in ("mongodb", "mongodb+srv"):
        if extent.sales_from:
            raise UsageError("--sales: daily sales are copied to PostgreSQL alone; leave it out.")
        from publishing.mongodb.publication import publish as publish_items

        return publish_items(url, lake, extent, context.now)
    raise UsageError(f"--to {scheme}://…: no such database; write postgresql://… or mongodb://… .")


JOB = Job("publish", __doc__, add_arguments, run)

if __name__ == "__main__":
    sys.exit(main(JOB))
