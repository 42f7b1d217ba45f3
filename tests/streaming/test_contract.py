"""The contract's schemas say what the stream reads, and their examples keep them."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from builders import MIDNIGHT, events, profile
from jsonschema import Draft202012Validator

from ingestion.sales.records import FIELDS, REJECTED
from ingestion.sales.replacements import read_all
from streaming.contract import CATALOGUE, DAILY_SALES, faults, schema

KINDS = (DAILY_SALES, CATALOGUE)
SALE: dict[str, Any] = {"date": "2015-10-31", "shop_id": "25", "item_id": "10", "units": "2"}
CANCEL: dict[str, Any] = {"op": "cancel", "sale_id": "7", "updated_at": "2015-11-01T08:00:00Z"}
DAY: dict[str, Any] = {
    "op": "replace",
    "date": "2015-10-31",
    "shop_id": "25",
    "updated_at": "2015-11-01T08:00:00Z",
    "lines": [{"item_id": 10, "units": -1, "price": None}],
}
SHOP = {"shop_id": "60", "name": "Bridgeton Park"}
ITEM = {"item_id": 1, "name": "Lamp", "category_id": "5", "category_name": "Home - Light"}
CHANGE: dict[str, Any] = {"shops": [SHOP], "items": [ITEM], "updated_at": "2015-11-01"}


def properties(part: Any) -> Iterator[tuple[str, Any]]:
    """Every property that a schema declares, at whatever depth it has a meaning of its own."""
    if isinstance(part, dict):
        declared = part.get("properties", {})
        yield from declared.items() if part.get("type") == "object" else ()
        for value in part.values():
            yield from properties(value)


def without(record: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name not in names}


@pytest.mark.parametrize("kind", KINDS)
def test_a_schema_is_one(kind: str) -> None:
    Draft202012Validator.check_schema(schema(kind))


@pytest.mark.parametrize("kind", KINDS)
def test_every_property_and_definition_is_described(kind: str) -> None:
    named = [*properties(schema(kind)), *schema(kind)["$defs"].items()]
    assert [name for name, declared in named if not declared.get("description")] == []


def test_the_sales_contract_is_what_records_are_read_by() -> None:
    assert set(schema(DAILY_SALES)["properties"]) == {*FIELDS, "lines"}


@pytest.mark.parametrize(
    ("kind", "example"), [(kind, example) for kind in KINDS for example in schema(kind)["examples"]]
)
def test_an_example_keeps_the_contract(kind: str, example: Any) -> None:
    assert faults(kind, example) == []


@pytest.mark.parametrize(
    "record",
    [
        SALE,
        {**SALE, "price": "5.50", "updated_at": "2015-11-01T08:00:00.123456+03:00"},
        {**SALE, "price": None, "updated_at": None, "sale_id": None, "op": None},
        {**SALE, "price": "", "till": {"number": 7}, "cashiers": [1, 2]},
        {**SALE, "shop_id": 25, "item_id": 10, "units": -2.5, "price": 1e2},
        CANCEL,
        without(CANCEL, "updated_at"),
        {**CANCEL, "updated_at": None},
        {**without(CANCEL, "sale_id"), **SALE},
        DAY,
        {**DAY, "lines": []},
        {**DAY, "lines": [{"item_id": "10", "units": "1", "sale_id": "7", "till": 7}]},
    ],
)
def test_a_sales_record_that_keeps_the_contract_has_no_faults(record: dict[str, Any]) -> None:
    assert faults(DAILY_SALES, record) == []


@pytest.mark.parametrize(
    ("record", "place"),
    [
        *[(without(SALE, name), f"$: '{name}' is a required property") for name in SALE],
        ([], "$: [] is not of type 'object'"),
        ({**SALE, "date": "31.10.2015"}, "$.date: "),
        ({**SALE, "date": "2015-02-30"}, "$.date: "),
        ({**SALE, "shop_id": " "}, "$.shop_id: "),
        ({**SALE, "item_id": True}, "$.item_id: "),
        ({**SALE, "units": "two"}, "$.units: "),
        ({**SALE, "price": "5,50"}, "$.price: "),
        ({**SALE, "updated_at": "yesterday"}, "$.updated_at: "),
        ({**SALE, "op": "delete"}, "$.op: "),
        (without(CANCEL, "sale_id"), "$: "),
        *[(without(DAY, name), f"$: '{name}' is a required") for name in DAY if name != "op"],
        ({**DAY, "lines": [{"units": 1}]}, "$.lines[0]: 'item_id' is a required property"),
        ({**DAY, "lines": [{"item_id": "10", "units": "x"}]}, "$.lines[0].units: "),
    ],
)
def test_a_fault_of_a_sales_record_is_named_with_its_place(record: Any, place: str) -> None:
    assert any(fault.startswith(place) for fault in faults(DAILY_SALES, record))


# Records, and whether both the schema and the checks that a record is read by find them right.
AGREED: list[tuple[dict[str, Any], bool]] = [
    (SALE, True),
    (CANCEL, True),
    (DAY, True),
    *((without(SALE, name), False) for name in SALE),
    *((without(DAY, name), False) for name in DAY if name != "op"),
    ({**SALE, "price": None, "updated_at": "", "sale_id": "", "op": None}, True),
    ({**SALE, "shop_id": 25, "units": -1.5, "price": "1e2", "till": [7]}, True),
    ({**SALE, "updated_at": "2015-11-01T08:00:00.5+03:00"}, True),
    ({**SALE, "updated_at": "yesterday"}, False),
    ({**SALE, "date": "2015-02-30"}, False),
    ({**SALE, "shop_id": " "}, False),
    ({**SALE, "item_id": True}, False),
    ({**SALE, "units": "two"}, False),
    ({**SALE, "price": "5,50"}, False),
    ({**SALE, "op": "delete"}, False),
    (without(CANCEL, "updated_at"), True),
    ({**CANCEL, "updated_at": None}, True),
    ({**CANCEL, "updated_at": "soon"}, False),
    (without(CANCEL, "sale_id"), False),
    ({**without(CANCEL, "sale_id", "updated_at"), **SALE}, True),
    ({**DAY, "lines": []}, True),
    ({**DAY, "updated_at": None}, False),
    ({**DAY, "lines": [{"units": 1}]}, False),
    ({**DAY, "lines": [{"item_id": "10", "units": "x"}]}, False),
    ({**DAY, "lines": {}}, False),
]


@pytest.mark.parametrize(("record", "is_right"), AGREED)
def test_the_schema_and_the_checks_of_records_agree(record: dict[str, Any], is_right: bool) -> None:
    """Of a record that keeps what a profile adds: plausible values, an identity."""
    parsed = read_all(events(json.dumps(record).encode()), profile())
    is_kept = REJECTED not in parsed["outcome"].to_pylist()
    assert (faults(DAILY_SALES, record) == [], is_kept) == (is_right, is_right)


def test_a_cancel_that_states_no_time_is_of_its_reception() -> None:
    cancelled = events(json.dumps(without(CANCEL, "updated_at")).encode(), received_at=MIDNIGHT)
    parsed = read_all(cancelled, profile())
    assert parsed["updated_at"].to_pylist() == [MIDNIGHT]


@pytest.mark.parametrize(
    "message",
    [
        CHANGE,
        without(CHANGE, "items"),
        without(CHANGE, "shops"),
        {**CHANGE, "shops": [{**SHOP, "alias_of": 57}]},
        {**CHANGE, "items": [{**ITEM, "listed_on": "2015-11-01", "colour": "green"}]},
    ],
)
def test_a_catalogue_that_keeps_the_contract_has_no_faults(message: dict[str, Any]) -> None:
    assert faults(CATALOGUE, message) == []


@pytest.mark.parametrize(
    ("message", "place"),
    [
        (without(CHANGE, "updated_at"), "$: 'updated_at' is a required property"),
        (without(CHANGE, "shops", "items"), "$: "),
        ({**CHANGE, "shops": SHOP}, "$.shops: "),
        *[({**CHANGE, "shops": [without(SHOP, name)]}, "$.shops[0]: ") for name in SHOP],
        *[({**CHANGE, "items": [without(ITEM, name)]}, "$.items[0]: ") for name in ITEM],
        ({**CHANGE, "items": [{**ITEM, "listed_on": "soon"}]}, "$.items[0].listed_on: "),
    ],
)
def test_a_fault_of_a_catalogue_is_named_with_its_place(message: Any, place: str) -> None:
    assert any(fault.startswith(place) for fault in faults(CATALOGUE, message))
