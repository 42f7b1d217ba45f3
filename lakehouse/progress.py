"""Progress lines, shown at the terminal through the ``shopcast`` logger."""

import logging

logger = logging.getLogger("shopcast")


def progress(message: str, *values: object) -> None:
    """Log a progress line.

    Args:
        message: a %-format.
        values: the values that fill the format.
    """
    logger.info(message, *values)
