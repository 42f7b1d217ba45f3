"""The arguments that name months on a command line."""

import argparse
from datetime import date, datetime

from lakehouse.errors import UsageError
from lakehouse.month_range import MonthRange


def month(text: str) -> date:
    """Read a month written as YYYY-MM."""
    try:
        return datetime.strptime(text, "%Y-%m").date()
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a month; write YYYY-MM") from None


def add_month_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare ``--from`` and ``--through``."""
    parser.add_argument(
        "--from", dest="first", type=month, metavar="YYYY-MM", help="first month (default: all)"
    )
    parser.add_argument(
        "--through", dest="last", type=month, metavar="YYYY-MM", help="last month (default: all)"
    )


def asked(arguments: argparse.Namespace, possible: MonthRange) -> MonthRange:
    """Return the months asked for.

    Raises:
        UsageError: they are not months of the lake, or in the wrong order.
    """
    first, last = arguments.first or possible.first, arguments.last or possible.last
    if first not in possible or last not in possible or last < first:
        raise UsageError(
            f"--from {first:%Y-%m} --through {last:%Y-%m}: the lake has "
            f"{possible.first:%Y-%m} to {possible.last:%Y-%m}; name months in that range, in order."
        )
    return MonthRange(first, last)
