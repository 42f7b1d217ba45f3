"""Progress lines for a person at the terminal."""

import logging


logger = logging.getLogger("shopcast")


def progress(message: str, *values: object) -> None:
    """Tell a person at the terminal what happens now."""
    logger.info(message, *values)
