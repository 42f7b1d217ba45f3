"""The arguments that count something: folds, tasks that train together."""

import argparse


def count(text: str) -> int:
    """Read a whole number, at least 1."""
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of them; write 1 or more")
    return int(text)


def add_folds_argument(parser: argparse.ArgumentParser, default: int, what: str) -> None:
    """Declare ``--folds``."""
    parser.add_argument(
        "--folds", type=count, default=default, metavar="N", help=f"{what} (default: {default})"
    )


def add_workers_argument(parser: argparse.ArgumentParser) -> None:
    """Declare ``--workers``; whether Spark has as many task slots is known once it runs."""
    parser.add_argument(
        "--workers", type=count, metavar="N", help="tasks that train together (default: every core)"
    )
