from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from builders import events, profile, record
from hypothesis import given
from hypothesis import strategies as st

from ingestion.sales import intake, shuffle
from ingestion.sales.records import parse
from lakehouse.chunks import by_place, pack, unpack


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 9)), min_size=1))
def test_packing_loses_and_mixes_nothing(rows: list[tuple[str, int]]) -> None:
    places, values = zip(*rows, strict=True)
    table = pa.table({"place": places, "value": values})
    packed = pack(table, pa.array(places))
    for chunk in packed.to_pylist():
        one = pa.RecordBatch.from_pylist([chunk], packed.schema)
        expected = [value for place, value in rows if place == chunk["place"]]
        assert unpack([one], table.schema)["value"].to_pylist() == expected
    assert sorted(packed["place"].to_pylist()) == sorted(set(places))


def test_no_chunks_are_no_rows() -> None:
    schema = pa.schema([("x", pa.int64())])
    assert unpack([], schema).equals(schema.empty_table())
    assert list(by_place([], schema, 0)) == []


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 9))), st.integers(0, 5))
def test_places_are_unpacked_whole(rows: list[tuple[str, int]], few: int) -> None:
    """Each in one table, however many chunks it came in and whatever is put together with it."""
    schema = pa.schema([("place", pa.string()), ("value", pa.int64())])
    pieces = [
        pa.Table.from_pylist([dict(zip(schema.names, row, strict=True))], schema) for row in rows
    ]
    packed = [pack(piece, piece["place"].combine_chunks()) for piece in pieces]
    ordered = sorted(packed, key=lambda chunk: str(chunk["place"][0]))
    found = list(by_place(ordered, schema, few))
    assert sorted((r["place"], r["value"]) for t in found for r in t.to_pylist()) == sorted(rows)
    places = [place for table in found for place in pc.unique(table["place"]).to_pylist()]
    assert len(places) == len(set(places))


@pytest.mark.parametrize("rejected", [False, True])
def test_a_worker_holds_as_much_of_ten_times_the_records(
    rejected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten times the months, say, in one Spark partition."""
    monkeypatch.setattr(shuffle, "ROWS_PER_STRETCH", 1_000)

    def packed(months: int) -> Iterator[pa.RecordBatch]:
        for month in range(months):
            day = f"{1900 + month}-03-07" if not rejected else "never"
            values = [record(item_id=str(n), date=day) for n in range(1_000)]
            yield pack(
                parse(events(*values), profile()), pa.repeat(f"place {month:04}", len(values))
            )

    assert peak(packed(40)) < 1.2 * peak(packed(4))


def peak(chunks: Iterator[pa.RecordBatch]) -> int:
    """The most bytes that Arrow holds while chunks become rows of tables."""
    before, most = pa.total_allocated_bytes(), 0
    for _ in intake.split_by_table(chunks):
        most = max(most, pa.total_allocated_bytes() - before)
    assert most > 0
    return most
