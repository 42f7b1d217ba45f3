"""Sample data: a scale and a seed → files shaped like Kaggle's "Predict Future Sales".

Reads nothing. Writes ``sales_train.csv``, ``items.csv``, ``item_categories.csv``, ``shops.csv``
and the manifest ``sample.json`` into a local folder::

    python -m jobs.make_sample --out sample_data [--scale small|full] [--seed N] [--force]

A folder that already holds the sample of this scale and seed stays unchanged. Other files with
these names are overwritten only with ``--force``.
"""

import argparse
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cli.command import Job, main
from lakehouse.context import Context
from lakehouse.errors import UsageError
from lakehouse.progress import progress
from synthetic.folder import Request, SampleFolder
from synthetic.sample import write_sample
from synthetic.scale import SCALES, SMALL


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    parser.add_argument("--out", required=True, metavar="DIR", help="local folder for the files")
    parser.add_argument(
        "--scale",
        choices=SCALES,
        default=SMALL.name,
        help="size of the retailer (default: %(default)s)",
    )
    parser.add_argument(
        "--seed",
        type=seed,
        default=1,
        metavar="N",
        help="seed of the random numbers, from 0; the same seed makes the same files "
        "(default: %(default)s)",
    )
    parser.add_argument("--force", action="store_true", help="overwrite existing files")


def seed(text: str) -> int:
    """Parse a seed.

    Raises:
        ArgumentTypeError: the text is not a whole number of at least 0.
    """
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number of at least 0")
    return int(text)


def run(context: Context, arguments: argparse.Namespace) -> dict[str, Any]:
    """Write the sample, unless the folder already holds it."""
    del context
    folder = local_folder(arguments.out)
    request = Request(arguments.scale, arguments.seed)
    made = None if arguments.force else folder.made(request)
    figures = make(folder, request, is_forced=arguments.force) if made is None else made
    scale = SCALES[request.scale]
    return {
        "out": str(folder.path),
        "scale": request.scale,
        "seed": request.seed,
        "unchanged": made is not None,
        "shops": scale.shops,
        "items": scale.items,
        "months": scale.months,
        **figures,
    }


def local_folder(location: str) -> SampleFolder:
    """Return the sample's folder at a local path.

    Raises:
        UsageError: the location is a URI; name a local folder.
    """
    if "://" in location:
        raise UsageError(f"--out {location}: a sample is written to a local folder; name one.")
    return SampleFolder(Path(location))


def make(folder: SampleFolder, request: Request, *, is_forced: bool) -> dict[str, Any]:
    """Draw the sample of a request, write its files and return the figures."""
    if not is_forced:
        folder.check_free()
    folder.create()
    with folder.staged() as staging:
        figures = asdict(write_sample(SCALES[request.scale], request.seed, staging, progress))
    folder.sign(request, figures)
    return figures


JOB = Job(
    name="make_sample",
    summary=__doc__,
    add_arguments=add_arguments,
    run=run,
)

if __name__ == "__main__":
    sys.exit(main(JOB))
