"""Rows of overrides as clients send them: JSON or CSV → parsed rows, or the faults of a row."""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus

from pydantic import ValidationError

from lakehouse.overrides import Override
from serving.overrides.schemas import CSV, JSON, MOST_ROWS, OverrideFault, OverrideRow
from serving.problems import BAD_QUESTION, Problem, ProblemError
from serving.spreadsheets import FORMULA_STARTS

COLUMNS = ("shop_id", "item_id", "month", "forecast", "units", "reason", "comment", "author",
           "recorded_at")  # fmt: skip
NEEDED = {"shop_id", "item_id", "month", "units"}


@dataclass(frozen=True)
class ReadRow:
    """A row with its place, and either what the row says or what is wrong with it."""

    line: int
    row: OverrideRow | None
    faults: tuple[OverrideFault, ...] = ()


def read_rows(body: bytes, media_type: str) -> list[ReadRow]:
    """Read the rows of a body.

    Raises:
        ProblemError: the body is neither a list of JSON nor CSV with the needed columns, or has
            too many rows (status 422), or has another media type (415).
    """
    media = media_type.partition(";")[0].strip().lower()
    readers = {JSON: read_json, CSV: read_csv}
    if media not in readers:
        detail = f"Content-Type {media_type!r} is neither {JSON} nor {CSV}."
        raise refuse(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, detail, {"Accept": f"{JSON}, {CSV}"})
    rows = []
    for line, fields in readers[media](body):
        rows.append(parse_row(line, fields, is_typed=media == JSON))
        if len(rows) > MOST_ROWS:
            raise unreadable(f"The body has more than {MOST_ROWS} rows; send it in parts.")
    return rows


def read_json(body: bytes) -> Iterator[tuple[int, object]]:
    """Yield place and value of each entry of a JSON list."""
    try:
        entries = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise unreadable(f"The body is not JSON: {error}.") from None
    if not isinstance(entries, list):
        raise unreadable("The body is no list of overrides.")
    yield from enumerate(entries, start=1)


def read_csv(body: bytes) -> Iterator[tuple[int, object]]:
    """Yield line and fields of each row of CSV; empty fields are missing, formulas armed again."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise unreadable(f"The body is not UTF-8: byte {error.start}.") from None
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        missing = NEEDED - set(reader.fieldnames or ())
        if missing:
            raise unreadable(f"The header lacks {', '.join(sorted(missing))}.")
        for fields in reader:
            yield reader.line_num, {name: arm(value) for name, value in fields.items() if value}
    except csv.Error as error:
        raise unreadable(f"Line {reader.line_num} is not CSV: {error}.") from None


def parse_row(line: int, fields: object, *, is_typed: bool) -> ReadRow:
    """Check the fields of a row by themselves.

    Args:
        line: place of the row.
        fields: name → value.
        is_typed: whether the body has numbers apart from texts, as JSON has and CSV has not.
    """
    try:
        return ReadRow(line, OverrideRow.model_validate(fields, strict=is_typed))
    except ValidationError as error:
        faults = (
            OverrideFault(
                line=line,
                field=".".join(map(str, fault["loc"])) or None,
                code=fault["type"],
                text=fault["msg"],
            )
            for fault in error.errors(include_url=False, include_context=False)
        )
        return ReadRow(line, None, tuple(faults))


def render_csv(overrides: Iterator[Override]) -> Iterator[bytes]:
    """Render overrides as CSV that a spreadsheet opens and PUT /overrides takes back."""
    yield ",".join(COLUMNS).encode() + b"\r\n"
    for override in overrides:
        fields = {
            **vars(override),
            "month": f"{override.month:%Y-%m}",
            "recorded_at": f"{override.recorded_at:%Y-%m-%dT%H:%M:%SZ}",
        }
        yield csv_line(fields)


def csv_line(fields: Mapping[str, object]) -> bytes:
    """Write one line of CSV."""
    buffer = io.StringIO()
    cells = (fields[name] for name in COLUMNS)
    csv.writer(buffer).writerow([disarm(c) if isinstance(c, str) else c for c in cells])
    return buffer.getvalue().encode()


def disarm(text: str) -> str:
    """Put ``'`` before a text that a spreadsheet would run as a formula, or that begins with it."""
    return f"'{text}" if text.startswith((*FORMULA_STARTS, "'")) else text


def arm(text: object) -> object:
    """Remove the ``'`` that ``disarm`` puts before a text."""
    return text[1:] if isinstance(text, str) and text.startswith("'") else text


def unreadable(detail: str) -> ProblemError:
    """Build the error of a body that cannot be read as a whole, status 422."""
    return refuse(HTTPStatus.UNPROCESSABLE_ENTITY, detail)


def refuse(
    status: HTTPStatus, detail: str, headers: Mapping[str, str] | None = None
) -> ProblemError:
    """Build the error of a body that is refused as a whole."""
    kind = BAD_QUESTION if status == HTTPStatus.UNPROCESSABLE_ENTITY else "about:blank"
    title = "The overrides cannot be read"
    return ProblemError(Problem(type=kind, title=title, status=status, detail=detail), headers)
