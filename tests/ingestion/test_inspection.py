import gzip
import hashlib
import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingestion.files import inspection
from ingestion.files.inspection import inspect_parquet, inspect_text
from lakehouse.errors import SourceError
from lakehouse.profile.profile import Files

TEXT = "date,shop_id\n2015-03-07,Ørsted\n"


def header(raw: bytes, name: str = "sales.csv", encoding: str = "utf-8") -> tuple[str, list[str]]:
    found = inspect_text(io.BytesIO(raw), name, Files.model_validate({"encoding": encoding}))
    return found.digest, list(found.columns)


@pytest.fixture(params=[1 << 20, 3, 1])
def _pieces(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is read in pieces of this size."""
    monkeypatch.setattr(inspection, "CHUNK", request.param)


@pytest.mark.usefixtures("_pieces")
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1"])
def test_a_header_is_read_in_its_encoding(encoding: str) -> None:
    raw = TEXT.encode(encoding)
    digest, columns = header(raw, encoding=encoding.removesuffix("-sig"))
    assert columns == ["date", "shop_id"]
    assert digest == hashlib.sha256(raw).hexdigest()


@pytest.mark.usefixtures("_pieces")
def test_packed_files_are_read_member_by_member() -> None:
    packed = gzip.compress(TEXT[:7].encode()) + gzip.compress(TEXT[7:].encode())
    assert header(packed, "sales.csv.gz")[1] == ["date", "shop_id"]


@pytest.mark.usefixtures("_pieces")
def test_a_truncated_packed_file_is_refused() -> None:
    with pytest.raises(SourceError, match=r"sales\.csv\.gz: truncated gzip"):
        header(gzip.compress(TEXT.encode())[:-9], "sales.csv.gz")


@pytest.mark.usefixtures("_pieces")
def test_a_file_that_is_not_packed_as_its_name_says_is_refused() -> None:
    with pytest.raises(SourceError, match=r"sales\.csv\.gz: damaged gzip"):
        header(TEXT.encode(), "sales.csv.gz")


@pytest.mark.usefixtures("_pieces")
def test_bytes_of_another_encoding_are_refused_with_their_position() -> None:
    raw = TEXT.encode("iso-8859-1")
    with pytest.raises(SourceError, match=rf"sales\.csv: byte {raw.index(0xD8)} is not utf-8"):
        header(raw)


@pytest.mark.usefixtures("_pieces")
def test_a_text_that_ends_within_a_character_is_refused() -> None:
    with pytest.raises(SourceError, match="byte 2 is not utf-8"):
        header("a,Ø".encode()[:-1])


@pytest.mark.parametrize("raw", [b"", b"\n\n", "\ufeff".encode()])
def test_an_empty_file_is_refused(raw: bytes) -> None:
    with pytest.raises(SourceError, match=r"sales\.csv: empty"):
        header(raw)


def test_a_header_may_be_quoted_and_end_as_on_windows() -> None:
    assert header(b'"a ""b""",c\r\n1,2\r\n')[1] == ['a "b"', "c"]
    assert header(b"a,b")[1] == ["a", "b"]


def test_a_parquet_file_names_its_columns() -> None:
    sink = io.BytesIO()
    pq.write_table(pa.table({"x": [1]}), sink)
    found = inspect_parquet(pa.BufferReader(sink.getvalue()), "sales.parquet")
    assert found.digest == hashlib.sha256(sink.getvalue()).hexdigest()
    assert (found.columns, found.types) == (("x",), {"x": pa.int64()})


@pytest.mark.parametrize(("raw", "fault"), [(b"", "empty"), (b"PAR1 no", "not a Parquet file")])
def test_a_file_that_is_no_parquet_is_refused(raw: bytes, fault: str) -> None:
    with pytest.raises(SourceError, match=rf"sales\.parquet: {fault}"):
        inspect_parquet(pa.BufferReader(raw), "sales.parquet")


@pytest.mark.parametrize("has_checksums", [False, True])
def test_a_parquet_file_with_a_damaged_page_is_refused(has_checksums: bool) -> None:
    sink = io.BytesIO()
    rows = pa.table({"shop_id": [f"shop {n}" for n in range(2000)], "units": list(range(2000))})
    compression = "none" if has_checksums else "gzip"
    pq.write_table(rows, sink, compression=compression, write_page_checksum=has_checksums)
    raw = bytearray(sink.getvalue())
    place = raw.index(b"shop 1234") if has_checksums else len(raw) // 3
    raw[place : place + 4] = b"\xff\xff\xff\xff"
    with pytest.raises(SourceError, match=r"sales\.parquet: .*damaged .* get the file again"):
        inspect_parquet(pa.BufferReader(bytes(raw)), "sales.parquet")


def test_a_column_that_cannot_be_a_field_of_a_sale_is_not_decoded() -> None:
    sink = io.BytesIO()
    pq.write_table(pa.table({"x": [1], "tags": [["a", "b"]], "x.y": ["z"]}), sink)
    found = inspect_parquet(pa.BufferReader(sink.getvalue()), "sales.parquet")
    assert (found.columns, found.pieces[0].rows) == (("x", "tags", "x.y"), 1)
