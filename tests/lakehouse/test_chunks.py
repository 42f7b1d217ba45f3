import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from lakehouse.chunks import pack, unpack


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
