"""Limits of an upload, and the refusal of a body as a whole."""

from dataclasses import dataclass, field
from http import HTTPStatus

MIB = 1 << 20


@dataclass(frozen=True)
class Limits:
    """What an upload may cost.

    Attributes:
        body_bytes: most bytes of a body as it is sent.
        plain_bytes: most bytes of a body once it is decompressed.
        rows: most rows of a body.
        seconds: longest time to receive a body.
        ratio: greatest ratio of decompressed to sent bytes, looked at beyond ``unsuspected``.
        unsuspected: decompressed bytes up to which any ratio is allowed.
        line_bytes: longest line, or element of a JSON list; a message of Kafka must hold it.
        window: seconds in which a body must bring ``window_bytes`` at least.
        window_bytes: bytes that a body must bring in each window.
        kept_days: days for which an upload, its key and its errors are kept.
    """

    body_bytes: int = 1 << 30
    plain_bytes: int = 20 << 30
    rows: int = 200_000_000
    seconds: float = 3600.0
    ratio: int = 200
    unsuspected: int = 16 * MIB
    line_bytes: int = MIB // 2
    window: float = 15.0
    window_bytes: int = 16 << 10
    kept_days: int = 7


@dataclass(frozen=True)
class Refusal:
    """Why a body is refused as a whole: the parts of a problem document.

    Attributes:
        detail: sentence with the value, the place and the remedy.
        status: HTTP status.
        title: short name of the problem.
    """

    detail: str
    status: int = HTTPStatus.UNPROCESSABLE_ENTITY
    title: str = field(default="The body cannot be read")


class RefusedBodyError(Exception):
    """Exception that refuses a body as a whole; nothing of the body was passed on."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.detail)
        self.refusal = refusal


def unreadable(detail: str) -> RefusedBodyError:
    """Build the refusal of a body that cannot be read, status 422."""
    return RefusedBodyError(Refusal(detail))


def too_large(detail: str) -> RefusedBodyError:
    """Build the refusal of a body that exceeds a limit, status 413."""
    return RefusedBodyError(
        Refusal(detail, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The body is too large")
    )
