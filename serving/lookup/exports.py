"""Forecasts as files: CSV, XLSX, Parquet and Arrow, written in blocks of pairs."""

import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from typing import IO, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import xlsxwriter

from lakehouse.types import FEATURE, RATE, TEXT
from serving.lookup.byte_queue import ByteQueue
from serving.lookup.columns import Columns
from serving.lookup.frames import SCHEMA, PairRows, forecast_frame
from serving.lookup.view import View
from serving.spreadsheets import FORMULA_STARTS

# Pairs written at once: some ten thousand rows, of a few MiB.
BLOCK_PAIRS = 10_000
READ_BYTES = 1 << 20
FORMULA = f"^[{re.escape(''.join(FORMULA_STARTS))}]"
DATES = {"month": "yyyy-mm", "cutoff": "yyyy-mm", "generated_at": "yyyy-mm-dd hh:mm:ss"}
WIDTH = 12


def frames(view: View, columns: Columns, places: range) -> Iterator[pa.RecordBatch]:
    """Yield the forecasts of the pairs at consecutive places of ``pairs``, in blocks."""
    for start in range(places.start, places.stop, BLOCK_PAIRS):
        block = range(start, min(start + BLOCK_PAIRS, places.stop))
        yield forecast_frame(view, columns, PairRows.of_pairs(columns, block))


def write_csv(blocks: Iterator[pa.RecordBatch]) -> Iterator[bytes]:
    """Write forecasts as CSV with a header; texts are quoted, formulas disarmed by ``'``."""
    sink = ByteQueue()
    with pa_csv.CSVWriter(sink, pa.schema(map(as_csv_field, SCHEMA))) as writer:
        for block in blocks:
            writer.write_batch(as_csv(block))
            yield sink.take()
    yield sink.take()


def as_csv_field(field: pa.Field) -> pa.Field:
    """Return the type that a column has in CSV: times as text, ISO 8601 with ``Z``."""
    return field.with_type(TEXT) if pa.types.is_timestamp(field.type) else field


def as_csv(block: pa.RecordBatch) -> pa.RecordBatch:
    """Disarm formulas and write times as text."""
    arrays = []
    for field, column in zip(block.schema, block.columns, strict=True):
        if field.type == TEXT:
            is_formula = pc.match_substring_regex(column, FORMULA)
            column = pc.if_else(is_formula, pc.binary_join_element_wise("'", column, ""), column)
        elif pa.types.is_timestamp(field.type):
            column = pc.strftime(column, "%Y-%m-%dT%H:%M:%SZ")
        arrays.append(column)
    return pa.RecordBatch.from_arrays(arrays, schema=pa.schema(map(as_csv_field, SCHEMA)))


def write_arrow(blocks: Iterator[pa.RecordBatch]) -> Iterator[bytes]:
    """Write forecasts as an Arrow IPC stream."""
    return through(lambda sink: pa.ipc.new_stream(sink, SCHEMA), blocks)


def write_parquet(blocks: Iterator[pa.RecordBatch]) -> Iterator[bytes]:
    """Write forecasts as a Parquet file, a row group per block."""
    return through(lambda sink: pq.ParquetWriter(sink, SCHEMA, compression="zstd"), blocks)


def through(make: Callable[[ByteQueue], Any], blocks: Iterator[pa.RecordBatch]) -> Iterator[bytes]:
    """Yield what a writer of Arrow makes of blocks."""
    sink = ByteQueue()
    with make(sink) as writer:
        for block in blocks:
            writer.write_batch(block)
            yield sink.take()
    yield sink.take()


def write_xlsx(blocks: Iterator[pa.RecordBatch]) -> Iterator[bytes]:
    """Write forecasts as a workbook: ids are texts, months are dates, texts are never formulas."""
    with tempfile.TemporaryFile() as file:
        fill_workbook(file, blocks)
        file.seek(0)
        while part := file.read(READ_BYTES):
            yield part


def fill_workbook(file: IO[bytes], blocks: Iterator[pa.RecordBatch]) -> None:
    """Write a workbook row by row, so that memory does not grow with the rows."""
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(file, {**options, "remove_timezone": True}) as workbook:
        sheet = workbook.add_worksheet("forecasts")
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, len(SCHEMA) - 1, WIDTH)
        bold = workbook.add_format({"bold": True})
        formats = {name: workbook.add_format({"num_format": form}) for name, form in DATES.items()}
        for column, name in enumerate(SCHEMA.names):
            sheet.write_string(0, column, name, bold)
        row = 0
        for block in blocks:
            row = write_rows(sheet, row, block, formats)


def write_rows(sheet: Any, row: int, block: pa.RecordBatch, formats: Mapping[str, object]) -> int:
    """Write a block below a row of a sheet; returns the last row."""
    writers = [writer_of(sheet, field, formats.get(field.name)) for field in block.schema]
    columns = [as_cells(column) for column in block.columns]
    for values in zip(*columns, strict=True):
        row += 1
        for column, (write, value) in enumerate(zip(writers, values, strict=True)):
            if value is not None:
                write(row, column, value)
    return row


def as_cells(column: pa.Array) -> list[Any]:
    """Return Python values; a float32 as the shortest decimal that is the same float32."""
    is_short = column.type == FEATURE
    cells: list[Any] = (column.cast(TEXT).cast(RATE) if is_short else column).to_pylist()
    return cells


def writer_of(sheet: Any, field: pa.Field, form: object) -> Callable[[int, int, Any], object]:
    """Return the function that writes a cell of a column."""
    write: Callable[[int, int, Any], object] = sheet.write_number
    if field.type == TEXT:
        write = sheet.write_string
    elif pa.types.is_boolean(field.type):
        write = sheet.write_boolean
    elif pa.types.is_temporal(field.type):
        return lambda row, column, value: sheet.write_datetime(row, column, value, form)
    return write
