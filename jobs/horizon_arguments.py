"""The argument that names horizons on a command line: months from cutoff to target month."""

import argparse

# A target month's panel knows the month's features of so many months earlier; a year is enough.
LONGEST = 12


def horizons(text: str) -> tuple[int, ...]:
    """Read horizons written as 1,2,3."""
    try:
        found = tuple(sorted({int(part) for part in text.split(",")}))
    except ValueError:
        found = ()
    if not found or found[0] < 1 or found[-1] > LONGEST:
        raise argparse.ArgumentTypeError(
            f"'{text}' are not horizons; write whole months from 1 to {LONGEST}, such as 1,2,3"
        )
    return found


def add_horizons_argument(parser: argparse.ArgumentParser) -> None:
    """Declare ``--horizons``: a tuple, in order, without doubles."""
    parser.add_argument(
        "--horizons",
        type=horizons,
        default=(1,),
        metavar="H,…",
        help="months from the cutoff to the target month, such as 1,2,3 (default: 1)",
    )


def written(horizons: tuple[int, ...]) -> str:
    """Write horizons as a command line takes them."""
    return ",".join(map(str, horizons))
