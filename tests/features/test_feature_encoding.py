"""Keys become dense codes, decimals whole numbers, whatever form Arrow has them in."""

from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from features.encoding import dictionary, encode, integers, positions
from lakehouse.types import COUNT, REVENUE, UNITS

TEXTS = ["b", "a", "b", "c", "a"]


def text_forms() -> dict[str, pa.ChunkedArray]:
    """The same texts, as Arrow may bring them."""
    unused = pa.DictionaryArray.from_arrays(pa.array([3, 1, 3, 2, 1]), ["x", "a", "c", "b"])
    sliced = pa.array(["x", *TEXTS, "y"]).slice(1, 5)
    other = pa.DictionaryArray.from_arrays(pa.array([1, 0]), ["a", "c"])
    return {
        "plain": pa.chunked_array([TEXTS]),
        "chunks": pa.chunked_array([TEXTS[:2], [], TEXTS[2:]], pa.string()),
        "sliced": pa.chunked_array([sliced]),
        "dictionary with unused entries": pa.chunked_array([unused]),
        "sliced dictionary": pa.chunked_array([sliced.dictionary_encode().slice(0, 5)]),
        "chunks with other dictionaries": pa.chunked_array([unused.slice(0, 3), other]),
    }


@pytest.fixture(params=text_forms())
def texts(request: pytest.FixtureRequest) -> pa.ChunkedArray:
    return text_forms()[request.param]


def test_a_code_stands_for_a_row_of_keys(texts: pa.ChunkedArray) -> None:
    codes, keys = encode(pa.table({"key": texts}))
    assert sorted(keys["key"].to_pylist()) == ["a", "b", "c"]
    assert keys["key"].take(pa.array(codes)).to_pylist() == TEXTS


def test_equal_parts_of_different_keys_keep_them_apart(texts: pa.ChunkedArray) -> None:
    others = pa.chunked_array([["1", "1", "2", "1", "1"]])
    table = pa.table({"one": texts, "other": others})
    codes, keys = encode(table)
    assert len(keys) == len({*zip(TEXTS, others.to_pylist(), strict=True)}) == 4
    assert keys.take(pa.array(codes)).to_pylist() == [
        {"one": one, "other": other} for one, other in zip(TEXTS, others.to_pylist(), strict=True)
    ]


def test_no_rows_have_no_codes() -> None:
    codes, keys = encode(pa.table({"a": pa.array([], pa.string()), "b": pa.array([], pa.string())}))
    assert codes.tolist() == []
    assert keys.num_rows == 0
    assert keys.column_names == ["a", "b"]


def test_a_column_without_chunks_is_an_empty_dictionary() -> None:
    assert len(dictionary(pa.chunked_array([], pa.string()))) == 0


def test_positions_point_into_the_known_values(texts: pa.ChunkedArray) -> None:
    assert positions(texts, pa.array(["c", "b"])).tolist() == [1, -1, 1, 0, -1]
    assert positions(texts, pa.array([], pa.string())).tolist() == [-1] * 5


def test_no_values_have_no_positions() -> None:
    assert positions(pa.chunked_array([], pa.string()), pa.array(["a"])).tolist() == []


NUMBERS = ["0.001", "-0.001", "-12.5", "0", "999999999999999.999", "-999999999999999.999"]


def decimal_forms() -> dict[str, pa.ChunkedArray]:
    """The same decimals, as Arrow may bring them."""
    values = [Decimal(number) for number in NUMBERS]
    padded = pa.array([Decimal("7"), *values, Decimal("8")], UNITS)
    return {
        "one array": pa.chunked_array([pa.array(values, UNITS)]),
        "sliced": pa.chunked_array([padded.slice(1, len(values))]),
        "chunks": pa.chunked_array([values[:1], [], values[1:]], UNITS),
        "sliced chunks": pa.chunked_array([padded.slice(1, 2), padded.slice(3, len(values) - 2)]),
    }


@pytest.mark.parametrize("form", decimal_forms())
def test_decimals_become_whole_numbers(form: str) -> None:
    wanted = [int(Decimal(number) * 1000) for number in NUMBERS]
    assert integers(decimal_forms()[form]).tolist() == wanted


def test_whole_numbers_stay() -> None:
    column = pa.chunked_array([[3, -4], [], [2**40]], COUNT)
    assert integers(column).tolist() == [3, -4, 2**40]
    assert integers(column).dtype == np.int64
    assert integers(pa.chunked_array([[1, 2]], pa.int32()).slice(1)).tolist() == [2]


@pytest.mark.parametrize("arrow_type", [UNITS, REVENUE, COUNT])
@pytest.mark.parametrize("chunks", [[], [[]]])
def test_no_numbers_are_no_numbers(arrow_type: pa.DataType, chunks: list[list[int]]) -> None:
    assert integers(pa.chunked_array(chunks, arrow_type)).tolist() == []
