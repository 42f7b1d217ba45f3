"""The rows that are read are those of the file that is named, whatever its name and form."""

import gzip
import os
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from builders import HEADER, data_folder, profile, sale_line, sales_text

from ingestion.files import inspection, text_lines
from ingestion.files.checked_folder import inspect
from ingestion.files.folder import not_read
from ingestion.files.rows import source_rows
from ingestion.files.source import Source
from ingestion.files.source_file import Known
from ingestion.files.sources import find_file, find_sources
from lakehouse.errors import SourceError
from lakehouse.profile.profile import Files

FIELDS = {"date": "date", "item": "item_id"}
ODD = (
    *(
        "[1]",
        "{a,b}",
        "a?",
        "*",
        "\\",
        "%20",
        "%",
        "#1",
        " ",
        "10:30",
        "file:",
        "s3:x",
        "_",
        ".",
        "~",
    ),
    *("ü", "u\u0308", "a+b&c=d;e", "'\"", "^|"),
)


def written(path: Path, line: str) -> None:
    """Write a sales file of one row, as its ending says."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.name.endswith(".parquet"):
        row = dict(zip(HEADER, line.split(","), strict=True))
        pq.write_table(pa.Table.from_pylist([row]), path)
    else:
        raw = sales_text(line).encode()
        path.write_bytes(gzip.compress(raw) if path.name.endswith(".gz") else raw)


def read(source: Source, **how: bool) -> list[dict[str, Any]]:
    tables = list(source_rows(source, **how))
    return pa.concat_tables(tables).to_pylist() if tables else []


@pytest.mark.parametrize("ending", [".csv", ".csv.gz", ".parquet"])
def test_a_file_and_its_folder_may_have_any_name(ending: str, tmp_path: Path) -> None:
    for number, odd in enumerate(ODD):
        # What each name would also match, or be taken for, is there too and holds other rows.
        for folder in (f"d{odd}", odd):
            written(tmp_path / folder / f"{odd}sales{odd}{ending}", sale_line(item_id=number))
    for decoy in ("d1", "da", "d", "d b", "d "):
        for name in ("sales1", "salesa", "sales", "sales b", "sales "):
            if not (path := tmp_path / decoy / f"{name}{ending}").exists():
                written(path, sale_line(item_id="another"))
    for number, odd in enumerate(ODD):
        for folder in (f"d{odd}", odd):
            name = f"{odd}sales{odd}{ending}"
            found = read(find_file(str(tmp_path / folder / name), FIELDS, Files()))
            assert [row["item"] for row in found] == [str(number)]


def test_a_list_in_a_folder_of_an_odd_name_is_read(tmp_path: Path) -> None:
    data_folder(tmp_path / "d1", sales_a=sales_text())
    data_folder(tmp_path / "d[1]", sales_a=sales_text())
    (tmp_path / "d[1]" / "items.csv").write_text("item_name,item_id,item_category_id\nMine,1,5\n")
    items = find_sources(str(tmp_path / "d[1]"), profile()).entities["items"]
    assert [row["name"] for row in read(items, is_multiline=True)] == ["Mine"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "iso-8859-1", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("most", [1 << 20, 7, 64])
def test_a_lost_quote_spoils_its_own_line_in_every_encoding(
    encoding: str, end: str, most: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inspection, "CHUNK", most)
    monkeypatch.setattr(text_lines, "PIECE", most)
    lines = [
        "date,item_id,note",
        "1,é,x",
        '2,"b,x',
        "",
        " \t",
        '3,c,"ok',
        '"4",d,""',
        "5,e",
        "6,f,x",
    ]
    raw = ("\ufeff" if encoding == "utf-16-le" else "") + end.join(lines)
    (tmp_path / "sales.csv").write_bytes(raw.encode(encoding))
    files = Files.model_validate({"encoding": encoding.removesuffix("-sig").removesuffix("-le")})
    fields = {"date": "date", "item": "item_id", "note": "note"}
    source = inspect(f"file://{tmp_path}", "sales.csv", fields, files)
    assert [tuple(row.values()) for row in read(source)] == [
        (0, None, "1", "é", "x"),
        (1, '2,"b,x', None, None, None),
        (2, None, "3", "c", "ok"),
        (3, None, "4", "d", None),
        (4, "5,e", None, None, None),
        (5, None, "6", "f", "x"),
    ]
    assert source.rows == 6


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_pieces_of_any_size_hold_the_rows_of_the_whole(
    pack: Callable[[bytes], bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = [f"{number:04d}" for number in range(3000)]
    name = "sales.csv.gz" if pack is gzip.compress else "sales.csv"
    text = sales_text(*(f"{sale_line(date=day)}{'' if int(day) % 7 else ',x'}" for day in days))
    (tmp_path / name).write_bytes(pack(("\n \n" + text).encode()))
    monkeypatch.setattr(inspection, "CHUNK", 1000)
    monkeypatch.setattr(text_lines, "PIECE", 10_000)
    source = inspect(f"file://{tmp_path}", name, FIELDS, Files())
    found = read(source)
    assert [row["date"] or row["_malformed"][:4] for row in found] == days
    assert [row["offset"] for row in found] == list(range(3000))
    assert source.rows == 3000
    assert (len(source.pieces) > 5) == (pack is bytes)


def test_a_file_that_changes_after_its_check_is_refused(tmp_path: Path) -> None:
    (tmp_path / "sales.csv").write_text(sales_text(sale_line()))
    source = inspect(f"file://{tmp_path}", "sales.csv", FIELDS, Files())
    (tmp_path / "sales.csv").write_text(sales_text(sale_line(item_id="11")))
    with pytest.raises(SourceError, match=r"sales\.csv: changed while it was read"):
        read(source)


def test_a_file_that_is_as_it_was_is_not_read_again(tmp_path: Path) -> None:
    folder = data_folder(tmp_path, sales_a=sales_text(sale_line()))
    first = find_sources(str(folder), profile())
    known = {source.uri: Known(source.stamp, source.digest) for source in first.files}
    assert all(not source.pieces for source in find_sources(str(folder), profile(), known).files)
    # Another one of the same size and time is another one.
    path, again = folder / "sales_a.csv", sales_text(sale_line(item_id="11"))
    times = path.stat()
    path.write_text(again)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert path.stat().st_size == times.st_size
    (sales,) = find_sources(str(folder), profile(), known).sales
    assert sales.digest != first.sales[0].digest
    assert sales.pieces


def test_what_is_in_a_folder_and_not_read_is_named_with_the_reason(tmp_path: Path) -> None:
    for name in (
        *("sales_1.csv", "sales_2.CSV", "SALES_3.csv", "sales_4.csv.GZ", "sales_5.tsv"),
        *("2015/sales_6.csv", "2015/11/sales_7.csv", "sales_8.parquet/part.parquet", "notes.txt"),
        "old/notes.txt",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    found = not_read(f"file://{tmp_path}", {"sales_1.csv"}, profile().sales.files)
    assert {one.name for one in found if one.is_likely} == {
        *("sales_2.CSV", "SALES_3.csv", "sales_4.csv.GZ", "sales_5.tsv"),
        *("2015/sales_6.csv", "2015/11/sales_7.csv", "sales_8.parquet/"),
    }
    assert {one.name: one.why for one in found}["notes.txt"] == "the profile does not name it"


MOSCOW, NEW_YORK = ZoneInfo("Europe/Moscow"), ZoneInfo("America/New_York")


@pytest.mark.parametrize("field", ["date", "listed_on", "closed_on", "month"])
@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize(
    ("zone", "time", "day"),
    [
        (None, datetime(2015, 11, 1), "2015-11-01"),
        (None, datetime(1969, 12, 31, 23, 59), "1969-12-31"),
        ("Europe/Moscow", datetime(2015, 11, 1, tzinfo=MOSCOW), "2015-11-01"),
        ("America/New_York", datetime(2015, 11, 30, 20, 30, tzinfo=NEW_YORK), "2015-11-30"),
        ("+03:00", datetime(2015, 11, 1, tzinfo=MOSCOW), "2015-11-01"),
    ],
)
def test_a_day_of_parquet_is_the_local_date(
    field: str, unit: str, zone: str | None, time: datetime, day: str, tmp_path: Path
) -> None:
    times = pa.array([time, None], pa.timestamp(unit, zone))
    pq.write_table(pa.table({"when": times}), tmp_path / "list.parquet")
    rows = read(inspect(f"file://{tmp_path}", "list.parquet", {field: "when"}, Files()))
    assert [row[field] for row in rows] == [day, None]


@pytest.mark.parametrize("days", [pa.array([date(2015, 11, 1)]), pa.array(["2015-11-01"])])
@pytest.mark.parametrize("target", [pa.date32(), pa.date64(), pa.string(), pa.large_string()])
def test_days_of_parquet_may_be_dates_or_texts(
    days: pa.Array, target: pa.DataType, tmp_path: Path
) -> None:
    pq.write_table(pa.table({"when": days.cast(target)}), tmp_path / "list.parquet")
    rows = read(inspect(f"file://{tmp_path}", "list.parquet", {"listed_on": "when"}, Files()))
    assert [row["listed_on"] for row in rows] == ["2015-11-01"]


@pytest.mark.parametrize(
    "values",
    [
        pa.array([1], pa.time32("s")),
        pa.array([1], pa.duration("s")),
        pa.array([[1]]),
        pa.array([{"a": 1}]),
    ],
)
def test_a_column_that_holds_no_values_is_refused_with_its_type(
    values: pa.Array, tmp_path: Path
) -> None:
    pq.write_table(pa.table({"when": values}), tmp_path / "sales.parquet")
    with pytest.raises(SourceError) as refused:
        inspect(f"file://{tmp_path}", "sales.parquet", {"date": "when"}, Files())
    assert "sales.parquet: column 'when' (date) is " in str(refused.value)
    assert "write it as" in str(refused.value)


def test_a_row_of_parquet_with_bytes_that_are_no_text_is_malformed_alone(tmp_path: Path) -> None:
    texts = pa.array([b"ok", b"\xff", None, "é".encode()], pa.binary())
    pq.write_table(pa.table({"item": texts}), tmp_path / "sales.parquet")
    rows = read(inspect(f"file://{tmp_path}", "sales.parquet", {"item": "item"}, Files()))
    assert [row["item"] for row in rows if row["_malformed"] is None] == ["ok", None, "é"]


def most_allocated(source: Source) -> int:
    """Read a file; returns the most bytes that Arrow held at once."""
    before = pa.total_allocated_bytes()
    return max(pa.total_allocated_bytes() - before for _ in source_rows(source))


@pytest.mark.slow
@pytest.mark.parametrize("ending", [".csv", ".csv.gz", ".parquet"])
def test_ten_times_the_file_takes_the_same_memory(ending: str, tmp_path: Path) -> None:
    most = []
    for count in (100_000, 1_000_000):
        path = tmp_path / f"sales_{count}{ending}"
        if ending == ".parquet":
            ids = pa.array(range(count)).cast(pa.string())
            table = pa.table({"date": pa.repeat("2015-11-01", count), "item_id": ids})
            pq.write_table(table, path, row_group_size=count)
        else:
            text = "date,item_id\n" + "".join(f"2015-11-01,{i}\n" for i in range(count))
            raw = text.encode()
            path.write_bytes(gzip.compress(raw, 1) if ending == ".csv.gz" else raw)
        most.append(most_allocated(inspect(f"file://{tmp_path}", path.name, FIELDS, Files())))
    small, large = most
    assert large < 1.5 * small
