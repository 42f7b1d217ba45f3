"""The same sales in every form of body give the same messages; damaged bodies are refused."""

import gzip
import io
import json
import zlib
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from builders import profile
from uploading import CSV, JSON, NDJSON, PARQUET, json_list, lines, sale

from lakehouse.profile.profile import Profile
from serving.uploads.forms import What
from serving.uploads.limits import Limits, RefusedBodyError
from serving.uploads.media import read_encoding, read_media
from serving.uploads.records import Body, Reader

ROWS = [sale(item_id=str(item), units=item - 3, price=f"{item}.50") for item in range(6)]
OWN = {"units": "item_cnt_day", "price": "item_price"}


def read(
    folder: Path,
    body: bytes,
    media: str,
    encoding: str = "",
    what: What = What.SALES,
    meaning: Profile | None = None,
    limits: Limits | None = None,
    charset: str | None = None,
) -> list[Any]:
    """Read a body's rows: those that are JSON as objects, others as texts."""
    path = folder / "body.parquet"
    path.write_bytes(body)
    kind, coding = read_media(media), read_encoding(encoding)
    assert kind is not None
    assert coding is not None
    reader = Reader(what, meaning or profile(), limits or Limits(), None)
    values = [
        value
        for records in reader.read(Body(path, kind, coding, charset))
        for value in records.values.to_pylist()
    ]
    return [json.loads(v) if v.startswith(b"{") else v.decode() for v in values]


def table(rows: list[dict[str, Any]], names: dict[str, str] | None = None, mark: str = ",") -> str:
    header = mark.join((names or {}).get(name, name) for name in rows[0])
    return "\n".join([header, *(mark.join(map(str, row.values())) for row in rows)])


def parquet(rows: list[dict[str, Any]], names: dict[str, str] | None = None) -> bytes:
    sink = io.BytesIO()
    columns = {
        "date": pa.array([date.fromisoformat(row["date"]) for row in rows]),
        "shop_id": pa.array([int(row["shop_id"]) for row in rows]),
        "item_id": [row["item_id"] for row in rows],
        "units": pa.array([float(row["units"]) for row in rows]),
        "price": pa.array([Decimal(row["price"]) for row in rows]),
    }
    pq.write_table(pa.table(columns).rename_columns({**names} if names else {}), sink)
    return sink.getvalue()


FORMS = {
    "list": (json_list(*ROWS), JSON, ""),
    "lines": (lines(*ROWS), NDJSON, ""),
    "lines, Windows": (lines(*ROWS).replace(b"\n", b"\r\n\r\n").rstrip(), NDJSON, ""),
    "contract": (table(ROWS).encode(), CSV, ""),
    "own": (table(ROWS, OWN).encode(), CSV, ""),
    "mark": (f"\ufeff{table(ROWS, OWN)}\n".encode(), CSV, ""),
    "gzip": (gzip.compress(table(ROWS).encode()), CSV, "gzip"),
    "members": (gzip.compress(lines(ROWS[0])) + gzip.compress(lines(*ROWS[1:])), NDJSON, "gzip"),
    "zstd": (zstandard.compress(json_list(*ROWS)), JSON, "zstd"),
    "parquet": (parquet(ROWS), PARQUET, ""),
    "own parquet": (parquet(ROWS, OWN), PARQUET, ""),
}


@pytest.mark.parametrize("form", FORMS)
def test_all_forms_say_the_same(tmp_path: Path, form: str) -> None:
    rows = [{n: str(v) for n, v in row.items()} for row in read(tmp_path, *FORMS[form])]
    assert [{**row, "price": Decimal(row["price"])} for row in rows] == [
        {**row, "units": str(row["units"]), "price": Decimal(row["price"])} for row in ROWS
    ]


def test_a_retailers_own_marks_and_dates_are_read_in_the_own_form_alone(tmp_path: Path) -> None:
    shipped = profile().model_dump(mode="json", exclude_none=True)
    files = {"delimiter": ";", "encoding": "iso-8859-1", "decimal": ",", "thousands": "."}
    meaning = Profile.model_validate({**shipped, "files": files})
    own = "date;shop_id;item_id;item_cnt_day;item_price\n31.10.2015;Caf\xe9;1;1.500;2,50\n"
    contract = "date,shop_id,item_id,units,price\n2015-10-31,Caf\xe9,1,1.5,2.50\n"
    for text, units in ((own.encode("iso-8859-1"), "1500"), (contract.encode(), "1.5")):
        row = {"date": "2015-10-31", "shop_id": "Caf\xe9", "item_id": "1"}
        (read_row,) = read(tmp_path, text, CSV, meaning=meaning)
        assert read_row == {**row, "units": units, "price": read_row["price"]}
        assert Decimal(read_row["price"]) == Decimal("2.5")
    assert read(tmp_path, contract.encode("utf-16"), CSV, meaning=meaning, charset="utf-16")


def test_a_list_of_items_may_have_line_ends_in_names(tmp_path: Path) -> None:
    text = 'item_name,item_id,item_category_id\n"Lamp,\n""green""",10,5\nbad\n'
    assert read(tmp_path, text.encode(), CSV, what=What.ITEMS) == [
        {"item_id": "10", "name": 'Lamp,\n"green"', "category_id": "5"},
        "bad",
    ]


SMALL = Limits(rows=5, line_bytes=1000, unsuspected=1000, ratio=20, plain_bytes=1 << 22)
CUT = gzip.compress(table(ROWS).encode())[:-9]
DAMAGED = bytearray(parquet(ROWS * 50))
DAMAGED[60:90] = b"\xff" * 30
REFUSED = {
    "no list": (b'{"a": 1}', JSON, "", 422, r"a JSON list begins with \["),
    "open list": (b'[{"a": 1}', JSON, "", 422, "no JSON list"),
    "list, then more": (b"[] 1", JSON, "", 422, "the list ended before"),
    "nested": (b"[" * 900_000, JSON, "", 422, "no JSON list"),
    "long element": (b'["' + b"a" * 2000 + b'"]', JSON, "", 422, "longer than 1000|within 1000"),
    "list, bad text": (b'["\xff"]', JSON, "", 422, "not UTF-8"),
    "long line": (b"a" * 3000, NDJSON, "", 422, "Line 1 is longer than 1000 bytes"),
    "bad text": (b"date,shop_id,item_id,units\n\xff", CSV, "", 422, "byte 27 is not utf-8"),
    "no columns": (b"date,shop_id\n", CSV, "", 422, "needed are date, shop_id"),
    "column twice": (table(ROWS).encode().replace(b"price", b"date"), CSV, "", 422, "twice"),
    "nothing": (b"", CSV, "", 422, "the header has none"),
    "cut gzip": (CUT, CSV, "gzip", 422, "no whole gzip"),
    "no gzip": (table(ROWS).encode(), CSV, "gzip", 422, "no whole gzip"),
    "no zstd": (CUT, CSV, "zstd", 422, "no whole zstd"),
    "bomb": (zlib.compress(b"\n" * (1 << 21), wbits=31), NDJSON, "gzip", 413, "20-fold"),
    "rows": (lines(*ROWS), NDJSON, "", 413, "more than 5 rows"),
    "parquet rows": (parquet(ROWS), PARQUET, "", 413, "6 rows"),
    "no parquet": (b"PAR1 and no more", PARQUET, "", 422, "no whole Parquet file"),
    "cut parquet": (parquet(ROWS)[:-20] + b"PAR1", PARQUET, "", 422, "no whole Parquet file"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_body_that_cannot_be_read_is_refused_with_the_reason(tmp_path: Path, case: str) -> None:
    body, media, encoding, status, reason = REFUSED[case]
    with pytest.raises(RefusedBodyError, match=reason) as raised:
        read(tmp_path, body, media, encoding, limits=SMALL)
    assert raised.value.refusal.status == status
    assert str(tmp_path) not in raised.value.refusal.detail


def test_a_damaged_page_of_parquet_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RefusedBodyError, match="no whole Parquet file"):
        read(tmp_path, bytes(DAMAGED), PARQUET)


def test_more_plain_bytes_than_allowed_are_not_decompressed(tmp_path: Path) -> None:
    limits = Limits(plain_bytes=1 << 21, ratio=1 << 30)
    body = zlib.compress(b"\n" * (1 << 23), wbits=31)
    with pytest.raises(RefusedBodyError, match="more than 2097152 bytes once it is decompressed"):
        read(tmp_path, body, NDJSON, "gzip", limits=limits)
