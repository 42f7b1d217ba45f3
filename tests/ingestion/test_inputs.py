"""Optional inputs: declared in a profile, read as records, and refused where they make no sense."""

import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from builders import MIDNIGHT, events

from ingestion.inputs.records import InputRecords
from lakehouse.errors import ProfileError
from lakehouse.number_marks import Marks
from lakehouse.profile.profile import load_profile, parse_profile
from lakehouse.tables.inputs import INPUTS

ROOT = Path(__file__).parents[2]
SAMPLE = (ROOT / "lakehouse" / "profile" / "profiles" / "sample.toml").read_text()
DOCUMENTED = "\n".join(
    re.findall(r"```toml\n(.*?)```", (ROOT / "docs/how_to/inputs.md").read_text(), re.S)
)


def read(name: str, *records: dict[str, Any], mapped: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    source = INPUTS[name]
    reader = InputRecords(source, mapped or source.fields, "dd.MM.yyyy")
    found = reader.rows(events(*(json.dumps(one).encode() for one in records)))
    return found.drop_columns(["updated_at", "offset"]).to_pylist()


PAIR = {"shop_id": " 5 ", "item_id": "1", "month": "2015-03"}
KEY = {"shop_id": "5", "item_id": "1", "month": date(2015, 3, 1)}


def test_the_documented_profile_declares_every_input() -> None:
    assert set(parse_profile(SAMPLE + DOCUMENTED, "docs/how_to/inputs.md").inputs) == set(INPUTS)
    assert all(not load_profile(name).inputs for name in ("1c", "m5", "sample"))


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ("[inputs.weather]\nfile='w.csv'\ncolumns={}", "inputs.weather is none of promotions"),
        (
            "[inputs.planned_prices]\nfile='p.csv'\ncolumns={shop_id='s', item_id='i', month='m'}",
            "inputs.planned_prices.columns maps shop_id, item_id, month, price",
        ),
        ("[inputs.delistings]\nfile='d.csv'\ncolumns={delisted_on='d'}", "maps item_id, delisted"),
        (
            "[inputs.delistings]\nfile='d.csv'\ncolumns={item_id='i', sold_out='d'}",
            "maps item_id, delisted_on, no other",
        ),
    ],
)
def test_what_is_no_input_is_refused_by_name(section: str, message: str) -> None:
    with pytest.raises(ProfileError, match=message):
        parse_profile(f"{SAMPLE}\n{section}", "mine.toml")


def test_numbers_are_written_with_the_marks_of_the_profiles_files() -> None:
    source = INPUTS["planned_prices"]
    reader = InputRecords(source, source.fields, "dd.MM.yyyy", Marks(decimal=",", thousands="."))
    found = reader.rows(events(json.dumps({**PAIR, "price": "1.299,50"}).encode()))
    assert found["price"].to_pylist() == [1299.5]


@pytest.mark.parametrize("month", ["2015-03", "2015-03-17", "17.03.2015"])
def test_a_month_is_read_as_such_or_as_a_day_of_it(month: str) -> None:
    assert read("stock_outs", {**PAIR, "month": month, "days": "4"}) == [{**KEY, "days": 4.0}]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("promotions", {"share": "1.01"}),
        ("promotions", {"share": "-0.1"}),
        ("planned_prices", {"price": "0"}),
        ("planned_prices", {"price": "cheap"}),
        ("planned_prices", {"price": None}),
        ("stock_outs", {"days": "32"}),
        ("stock_outs", {"days": "3", "shop_id": " "}),
        ("stock_outs", {"days": "3", "month": "2015-13"}),
    ],
)
def test_a_record_that_is_not_plausible_is_left_out(name: str, value: dict[str, Any]) -> None:
    assert read(name, {**PAIR, **value}) == []


def test_a_promotion_without_a_column_of_shares_is_of_the_whole_month() -> None:
    assert read("promotions", PAIR, mapped=("shop_id", "item_id", "month")) == [
        {**KEY, "share": 1.0}
    ]


def test_a_date_may_be_missing_but_not_wrong() -> None:
    records = [
        {"shop_id": "1", "opened_on": "01.02.2015", "closed_on": ""},
        {"shop_id": "2", "opened_on": None, "closed_on": "2015-03-17"},
        {"shop_id": "3", "opened_on": None, "closed_on": "in March"},
    ]
    assert read("shop_dates", *records) == [
        {"shop_id": "1", "opened_on": date(2015, 2, 1), "closed_on": None},
        {"shop_id": "2", "opened_on": None, "closed_on": date(2015, 3, 17)},
    ]


def test_a_row_bears_its_files_reception_as_version() -> None:
    reader = InputRecords(INPUTS["delistings"], ("item_id", "delisted_on"), "yyyy-MM-dd")
    (row,) = reader.rows(events(b'{"item_id": "7", "delisted_on": "2015-01-01"}')).to_pylist()
    assert (row["updated_at"], row["offset"]) == (MIDNIGHT, 0)
