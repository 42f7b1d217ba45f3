"""The digest of rows: of their content alone, and of all of it."""

from datetime import date

import pyarrow as pa
import pytest

from lakehouse.delta.content import content_digest

ATTRIBUTES = pa.map_(pa.string(), pa.string())
SCHEMA = pa.schema(
    {"id": pa.string(), "name": pa.string(), "day": pa.date32(), "attributes": ATTRIBUTES}
)
ROWS = [
    {"id": "1", "name": "ab", "day": date(2020, 1, 2), "attributes": [("x", "1"), ("y", "2")]},
    {"id": "2", "name": None, "day": None, "attributes": []},
    {"id": "3", "name": "", "day": date(2020, 1, 3), "attributes": [("x", None)]},
    {"id": "4", "name": "c", "day": date(2020, 1, 3), "attributes": [("x", "1")]},
]


def digest(rows: list[dict[str, object]]) -> str:
    return content_digest(pa.Table.from_pylist(rows, SCHEMA), "id")


def test_the_same_rows_in_another_order_and_other_chunks_have_the_same_digest() -> None:
    whole = pa.Table.from_pylist(ROWS, SCHEMA)
    cut = pa.concat_tables([whole.slice(3, 1), whole.slice(1, 2), whole.slice(0, 1)])
    assert content_digest(cut, "id") == digest(ROWS)
    turned = {**ROWS[0], "attributes": [("y", "2"), ("x", "1")]}
    assert digest([turned, *ROWS[1:]]) == digest(ROWS)


@pytest.mark.parametrize(
    "changed",
    [
        {"name": "a"},
        {"name": None},
        {"name": ""},
        {"day": date(2020, 1, 1)},
        {"day": None},
        {"attributes": [("x", "1")]},
        {"attributes": [("x", "1"), ("y", None)]},
        {"attributes": [("x", "1"), ("y", "")]},
        {"attributes": [("x", "2"), ("y", "1")]},
        {"id": "0"},
    ],
    ids=str,
)
def test_any_other_value_has_another_digest(changed: dict[str, object]) -> None:
    assert digest([{**ROWS[0], **changed}, *ROWS[1:]]) != digest(ROWS)


def test_texts_that_join_to_the_same_have_other_digests() -> None:
    one = [{**ROWS[0], "name": "ab"}, {**ROWS[3], "name": "c"}]
    other = [{**ROWS[0], "name": "a"}, {**ROWS[3], "name": "bc"}]
    assert digest(one) != digest(other)


def test_no_rows_have_a_digest() -> None:
    assert digest([]) != digest(ROWS)
