"""The lines of shop-days in files, found with the parser that reads every sales record."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from ingestion.arrivals import Reception, events
from ingestion.files.checked_folder import read_whole
from ingestion.files.rows import PieceReader, piece_places
from ingestion.files.source import Source
from ingestion.files.source_file import unchanged
from ingestion.sales.records import REJECTED, parse
from lakehouse.errors import SourceError
from lakehouse.profile.profile import Profile
from lakehouse.table import Column
from lakehouse.types import COUNT, TEXT, TIMESTAMP, WHOLE

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

LINE = ("item_id", "units", "price", "sale_id")
COLUMNS = (
    Column("day", WHOLE, "number of the shop-day in the request, from 0", False),
    Column("offset", COUNT, "the line's number in its file", False),
    Column("line", TEXT, "fields of the line as JSON", False),
    Column("fault", TEXT, "reason why the line cannot be ingested; null: none"),
    Column("sale_id", TEXT, "sale_id that the line states; null: none"),
    Column("updated_at", TIMESTAMP, "version of the line; null: none"),
)
SCHEMA = pa.schema([column.field for column in COLUMNS])
DDL = ", ".join(column.ddl for column in COLUMNS)
FIRST_FAULTS = 5

Line = dict[str, str | None]
# A row of ``COLUMNS`` by column.
Row = dict[str, Any]


@dataclass(frozen=True)
class ShopDay:
    """One shop on one date."""

    shop_id: str
    date: date

    def __str__(self) -> str:
        return f"shop {self.shop_id}, {self.date}"


def lines_by_day(
    spark: "SparkSession",
    source: Source,
    days: Sequence[ShopDay],
    profile: Profile,
    reception: Reception,
) -> list[list[Line]]:
    """Read a file's lines of shop-days, as texts.

    Returns:
        A list of lines per day, in the order of ``days``; lines in the file's order.

    Raises:
        SourceError: a line that may be of one of the days breaks a check or cancels a sale.
            Correct the file and run again.
    """
    whole = read_whole(source)
    work = LinesOfDays(whole, tuple(days), profile, reception)
    with unchanged(whole.uri, whole.stamp):
        lines = piece_places(spark, whole).mapInArrow(work, DDL).orderBy("offset").toArrow()
    rows = lines.to_pylist()
    require_no_faults([row for row in rows if row["fault"]], days, whole)
    return [
        [json.loads(row["line"]) for row in newest_of_sales(rows) if row["day"] == place]
        for place in range(len(days))
    ]


def newest_of_sales(rows: Sequence[Row]) -> list[Row]:
    """Keep the newest line of each stated ``sale_id``, and every line without, in file order."""
    ordered = sorted(rows, key=lambda row: (row["updated_at"], row["offset"]))
    last = {row["sale_id"]: row["offset"] for row in ordered}
    return [row for row in rows if row["sale_id"] is None or last[row["sale_id"]] == row["offset"]]


def require_no_faults(faults: Sequence[Row], days: Sequence[ShopDay], source: Source) -> None:
    """Check that every line of a file that may be of a replaced day can be ingested.

    Raises:
        SourceError: there are faults; the message names the first faulty lines and their faults.
    """
    if not faults:
        return
    first = "; ".join(f"row {row['offset']}: {row['fault']}" for row in faults[:FIRST_FAULTS])
    raise SourceError(
        f"{', '.join(map(str, days))}: not replaced, {len(faults)} lines of {source.name} may be "
        f"of such a day and cannot be ingested ({first}). Correct the file and run again."
    )


@dataclass(frozen=True)
class LinesOfDays:
    """Selects the lines of shop-days from a file's pieces; runs in Spark workers."""

    source: Source
    days: tuple[ShopDay, ...]
    profile: Profile
    reception: Reception

    def __call__(self, places: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Read the pieces at the given places into rows of ``SCHEMA``: a day's line or a fault."""
        for batch in PieceReader(self.source)(places):
            rows = pa.Table.from_batches([batch])
            parsed = parse(events(rows, self.source.digest, self.reception), self.profile)
            for place, day in enumerate(self.days):
                is_candidate = may_be_of(parsed, day)
                lines, records = rows.filter(is_candidate), parsed.filter(is_candidate)
                yield from self.write_lines(place, lines, records)

    def write_lines(self, place: int, rows: pa.Table, parsed: pa.Table) -> list[pa.RecordBatch]:
        """Write a day's lines as rows of ``SCHEMA``; ``place`` is the day's index in ``days``."""
        kept = [name for name in LINE if name in rows.column_names]
        lines = [json.dumps(row, ensure_ascii=False) for row in rows.select(kept).to_pylist()]
        columns = [
            pa.repeat(pa.scalar(place, WHOLE), len(rows)),
            rows["offset"],
            pa.array(lines, TEXT),
            pa.array([describe_fault(row) for row in parsed.select(FAULTS).to_pylist()], TEXT),
            pc.if_else(parsed["is_named"], parsed["sale_id"], pa.scalar(None, TEXT)),
            parsed["updated_at"],
        ]
        batches: list[pa.RecordBatch] = pa.table(columns, schema=SCHEMA).to_batches()
        return batches


FAULTS = ["outcome", "reasons", "is_cancelled"]


def describe_fault(record: dict[str, object]) -> str | None:
    """Explain why a record cannot be a line of a replaced day; None if the record can."""
    if record["outcome"] == REJECTED:
        reasons = record["reasons"]
        return ", ".join(reasons) if isinstance(reasons, list) else REJECTED
    return "op cancel: leave the line out instead" if record["is_cancelled"] else None


def may_be_of(parsed: pa.Table, day: ShopDay) -> pa.Array:
    """Flag records of a shop-day; a record whose shop or date is null may be, so is flagged too."""
    is_shops = pc.fill_null(pc.equal(parsed["shop_id"], day.shop_id), True)
    is_days = pc.fill_null(pc.equal(parsed["date"], day.date), True)
    return pc.and_(is_shops, is_days).combine_chunks()
