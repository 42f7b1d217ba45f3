"""Bronze tables: records as received, rejections, erasures and the files ingested."""

from lakehouse.table import Column, Table
from lakehouse.types import BYTES, COUNT, NAMES, TEXT, TIMESTAMP, WHOLE

PROVENANCE = (
    Column("source", TEXT, "a file's SHA-256 digest, or a Kafka topic and its UUID", False),
    Column("partition", WHOLE, "Kafka partition; 0 for a file", False),
    Column("offset", COUNT, "Kafka offset, or the row's number in its file from 0", False),
)
# Pattern of ``source`` for a file; Kafka's sources, a topic and its UUID, do not match.
FILE_SOURCE = "^[0-9a-f]{64}$"
RECORD_KEY = tuple(column.name for column in PROVENANCE)
RECEIVED = (
    *PROVENANCE,
    Column("value", BYTES, "the record: Kafka's bytes, or the file's row as JSON; null: no value"),
    Column(
        "received_at",
        TIMESTAMP,
        "Kafka's timestamp if plausible, or the stated reception of the file",
        False,
    ),
    Column("ingested_at", TIMESTAMP, "when the record was written to this table", False),
)

SALES_EVENTS = Table(
    layer="bronze",
    name="sales_events",
    description="Every sales record as received; append-only, read by replay and known-at.",
    columns=RECEIVED,
    key=RECORD_KEY,
)
CATALOGUE_EVENTS = Table(
    layer="bronze",
    name="catalogue_events",
    description="Every shop, item or category record as received; append-only.",
    columns=(*RECEIVED, Column("entity", TEXT, "shops, items, categories or an input", False)),
    key=(*RECORD_KEY, "entity"),
)
REJECTED_SALES = Table(
    layer="bronze",
    name="rejected_sales",
    description="The sales records that break a check, each with the names of the checks.",
    columns=(
        *RECEIVED,
        Column("reasons", NAMES, "names of the checks that the record breaks", False),
    ),
    key=RECORD_KEY,
)
ERASURES = Table(
    layer="bronze",
    name="erasures",
    description="Number of erased records by source and erasure, without their contents.",
    columns=(
        Column("erased_at", TIMESTAMP, "when the erasure began", False),
        Column("source", TEXT, "the records' source", False),
        Column("records", COUNT, "records removed from bronze.sales_events", False),
    ),
    key=("erased_at", "source"),
)
SOURCES = Table(
    layer="bronze",
    name="sources",
    description="The files whose records are all in the tables, with the records counted per end.",
    columns=(
        Column("source", TEXT, "SHA-256 digest of the file, or of a catalogue's files", False),
        Column("kind", TEXT, "sales, catalogue, or the name of an input", False),
        Column("name", TEXT, "name of the file when it was read; of a catalogue its files", False),
        Column("received", COUNT, "records received", False),
        Column("live", COUNT, "live sales whose newest version the file has; null: no sales file"),
        Column(
            "tombstones",
            COUNT,
            "cancelled sales whose newest version the file has; null: no sales file",
        ),
        Column("superseded", COUNT, "versions that a newer record replaced; null: no sales file"),
        Column(
            "not_a_sale", COUNT, "records of zero units: the item was on offer; null: no sales file"
        ),
        Column("rejected", COUNT, "rejected records, or list records that were left out", False),
        Column("received_at", TIMESTAMP, "the file's stated reception", False),
        Column("ingested_at", TIMESTAMP, "when the file was ingested completely", False),
    ),
    key=("source", "kind"),
)
SOURCE_FILES = Table(
    layer="bronze",
    name="source_files",
    description="The ingested files as they were last read; an unchanged file is not read again.",
    columns=(
        Column("uri", TEXT, "where the file is", False),
        Column("stamp", TEXT, "size and times of the file when it was read", False),
        Column("source", TEXT, "SHA-256 digest of the file", False),
        Column("ingested_at", TIMESTAMP, "when the file was read", False),
    ),
    key=("uri",),
)
