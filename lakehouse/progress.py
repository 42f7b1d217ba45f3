"""Progress of long work: lines through the ``shopcast`` logger, and bars at a terminal."""

import logging
import sys
from collections.abc import Iterator, Sequence
from typing import TypeVar

from lakehouse.ecs import EcsFormatter

logger = logging.getLogger("shopcast")
Item = TypeVar("Item")


def progress(message: str, *values: object) -> None:
    """Log a progress line.

    Args:
        message: a %-format.
        values: the values that fill the format.
    """
    logger.info(message, *values)


def writes_json() -> bool:
    """Return whether log lines of this process are JSON objects."""
    return any(isinstance(h.formatter, EcsFormatter) for h in logging.getLogger().handlers)


def track(items: Sequence[Item], title: str) -> Iterator[Item]:
    """Yield items below a progress bar with the time left; log lines go above the bar.

    Where standard error is no terminal, or log lines are JSON, lines alone show the progress.
    """
    if not sys.stderr.isatty() or writes_json():
        yield from items
        return
    # The API has no tqdm, and draws no bar.
    from tqdm import tqdm
    from tqdm.contrib.logging import logging_redirect_tqdm

    with logging_redirect_tqdm():
        yield from tqdm(items, desc=title, leave=False, file=sys.stderr)
