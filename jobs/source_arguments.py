"""The arguments that name a retailer's files and what they mean."""

import argparse


def add_source_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare ``--data`` and ``--profile``."""
    parser.add_argument("--data", metavar="DIR", required=True, help="folder or URI of the files")
    parser.add_argument(
        "--profile",
        metavar="NAME",
        required=True,
        help="what the files mean: a shipped profile (1c, m5, sample) or a path ending in .toml",
    )
