"""Headers of uploads: the body's form, and the offset of a cut upload."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from serving.problems import Problem, ProblemError
from serving.uploads.limits import Limits
from serving.uploads.media import (
    CHARSETS,
    Encoding,
    Media,
    read_charset,
    read_encoding,
    read_media,
)

PARTIAL = "application/partial-upload"
COMPLETE, INCOMPLETE = "?1", "?0"
CLOSE = {"Connection": "close"}
MOST_DIGITS = 15


@dataclass(frozen=True)
class BodyForm:
    """How a body is written.

    Attributes:
        content_type: as sent.
        content_encoding: as sent.
        media: media type.
        encoding: content coding.
    """

    content_type: str
    content_encoding: str
    media: Media
    encoding: Encoding


@dataclass(frozen=True)
class Part:
    """The part of a body that a request brings.

    Attributes:
        offset: bytes of the body before the part; None: not stated, the part is the whole body.
        is_last: whether the part ends the body.
    """

    offset: int | None
    is_last: bool


def read_form(headers: Mapping[str, str]) -> BodyForm:
    """Return how the body of a request is written.

    Raises:
        ProblemError: the media type, content coding or charset is not accepted (status 415).
    """
    content_type = headers.get("content-type", "")
    content_encoding = headers.get("content-encoding", "")
    media, encoding = read_media(content_type), read_encoding(content_encoding)
    if media is None:
        raise unsupported(
            f"Content-Type {content_type!r} is not accepted; send {', '.join(Media)}.",
            {"Accept": ", ".join(Media)},
        )
    if encoding is None or (media == Media.PARQUET and encoding != Encoding.IDENTITY):
        raise unsupported(
            f"Content-Encoding {content_encoding!r} is not accepted for {media.value}.",
            {"Accept-Encoding": ", ".join(Encoding)},
        )
    charset = read_charset(content_type)
    if charset is not None and charset not in CHARSETS:
        raise unsupported(f"The charset {charset!r} is none of {', '.join(CHARSETS)}.", {})
    return BodyForm(content_type, content_encoding, media, encoding)


def read_part(headers: Mapping[str, str]) -> Part:
    """Return which part of the body a request brings.

    Raises:
        ProblemError: Upload-Offset or Upload-Complete is not valid (status 400).
    """
    offset, complete = headers.get("upload-offset"), headers.get("upload-complete", COMPLETE)
    if offset is not None and not is_whole_number(offset):
        detail = f"Upload-Offset {offset!r} is no whole number of bytes."
        raise problem(HTTPStatus.BAD_REQUEST, "Upload-Offset is not valid", detail)
    if complete not in {COMPLETE, INCOMPLETE}:
        detail = f"Upload-Complete {complete!r} is neither ?0 nor ?1."
        raise problem(HTTPStatus.BAD_REQUEST, "Upload-Complete is not valid", detail)
    return Part(None if offset is None else int(offset), complete == COMPLETE)


def require_size(headers: Mapping[str, str], part: Part, limits: Limits) -> None:
    """Check the size that a request announces.

    Raises:
        ProblemError: the body would exceed the limit (status 413).
    """
    announced = headers.get("content-length", "")
    if is_whole_number(announced) and (part.offset or 0) + int(announced) > limits.body_bytes:
        raise too_large_body(limits)


def too_large_body(limits: Limits) -> ProblemError:
    """Build the error of a body with too many bytes, status 413."""
    detail = (
        f"The body has more than {limits.body_bytes} bytes; send it in parts, each under its own "
        "Idempotency-Key."
    )
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    return problem(status, "The body is too large", detail, headers=CLOSE)


def is_whole_number(text: str) -> bool:
    """Return whether a text is a whole number of plausible length."""
    return text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS


def unsupported(detail: str, headers: Mapping[str, str]) -> ProblemError:
    """Build the error of a body in a form that is not accepted, status 415."""
    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    return problem(status, "The form of the body is not accepted", detail, headers=headers)


def problem(
    status: HTTPStatus,
    title: str,
    detail: str,
    *,
    kind: str = "about:blank",
    headers: Mapping[str, str] | None = None,
) -> ProblemError:
    """Build the error of a request."""
    return ProblemError(Problem(type=kind, title=title, status=status, detail=detail), headers)
