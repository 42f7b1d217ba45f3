"""Every row of an upload gets a verdict: that of the stream's parser."""

import json
from typing import Any

import pyarrow as pa
import pytest
from builders import events, profile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from uploading import CSV, NDJSON, Uploader, counts, json_list, lines, sale

from ingestion.sales.records import REJECTED
from ingestion.sales.replacements import read_all
from serving.uploads.sales_verdicts import SalesJudge

BAD = sale(date="31.02.2015", units="x")


def test_verdicts_add_up_and_only_bad_rows_are_listed(uploader: Uploader) -> None:
    response = uploader.post(json_list(sale(), sale(), BAD, sale(item_id="7"), 3))
    answer = response.json()
    assert (response.status_code, counts(answer)) == (202, (5, 2, 2, 1))
    faults = [(e["line"], e["field"], e["code"]) for e in answer["errors"]]
    assert faults == [
        (3, "date", "date_unparsable"),
        (3, "units", "units_unparsable"),
        (5, None, "record_malformed"),
    ]
    assert answer["errors"][0]["text"].startswith('date is "31.02.2015". Rule: ')


def test_rejected_rows_can_be_mended_and_sent_alone(uploader: Uploader) -> None:
    uploader.post(lines(sale(), BAD, sale(item_id=None)), media=NDJSON)
    errors = uploader.get(what="/errors").text
    assert [json.loads(line)["_line"] for line in errors.splitlines()] == [2, 3]
    unmended = uploader.post(errors.encode(), "unmended", NDJSON)
    assert counts(unmended.json()["upload"]) == (2, 0, 2, 0)
    mended = errors.replace("31.02.2015", "28.02.2015").replace('"x"', '"1"')
    mended = mended.replace('"shop_id"', '"item_id": 8, "shop_id"', 2)
    answer = uploader.post(mended.encode(), "mended", NDJSON)
    assert (answer.status_code, counts(answer.json())) == (202, (2, 2, 0, 0))


def test_an_upload_without_a_good_row_is_refused_with_its_verdicts(uploader: Uploader) -> None:
    for body in (json_list(BAD), json_list()):
        response = uploader.post(body, str(len(body)))
        assert response.status_code == 422
        problem = response.json()
        assert problem["title"] == "No row is accepted"
        assert problem["upload"]["state"] == "refused"
        assert response.headers["content-type"] == "application/problem+json"
        again = uploader.post(body, str(len(body))).json()
        assert {**again, "request_id": problem["request_id"]} == problem


def test_the_first_hundred_reasons_are_in_the_answer_and_all_in_the_errors(
    uploader: Uploader,
) -> None:
    answer = uploader.post(json_list(sale(), *[sale(units="x")] * 130)).json()
    assert counts(answer) == (131, 1, 130, 0)
    assert len(answer["errors"]) == 100
    assert len(uploader.get(what="/errors").text.splitlines()) == 130


def test_a_line_of_a_table_is_named_as_an_editor_numbers_it(uploader: Uploader) -> None:
    text = "date,shop_id,item_id,units\n\n2015-10-31,1,2,3\r\nbad\n2015-10-31,1,2,x"
    answer = uploader.post(text.encode(), media=CSV).json()
    assert [error["line"] for error in answer["errors"]] == [4, 5]


ODD = st.sampled_from(
    ["", " ", "x", "1", "-1", "1e3", "NaN", "2015-10-31", "31.10.2015", "2099-01-01", "cancel"]
)
VALUES = ODD | st.none() | st.integers(-5, 5) | st.floats(-2, 2) | st.lists(st.none(), max_size=1)
NAMES = ("date", "shop_id", "item_id", "units", "price", "sale_id", "updated_at", "op")
ROWS = st.lists(
    st.fixed_dictionaries({}, optional=dict.fromkeys(NAMES, VALUES)).map(lambda row: sale(**row))
    | VALUES,
    max_size=8,
)


@settings(deadline=None, max_examples=150, suppress_health_check=list(HealthCheck))
@given(ROWS)
def test_verdicts_are_those_of_the_stream(rows: list[Any]) -> None:
    values = [json.dumps(row).encode() for row in rows]
    table = events(*values, source="daily-sales:topic")
    received_at = table["ingested_at"][0].as_py() if rows else None
    meaning = profile()
    parsed = read_all(table, meaning).to_pylist()
    wanted = {row["offset"] for row in parsed if row["outcome"] == REJECTED}
    judge = SalesJudge(meaning, received_at)
    judged = judge(pa.array(range(len(rows)), pa.int64()), pa.array(values, pa.binary()))
    assert {rejected.line for rejected in judged.rejected} == wanted
    accepted = judged.messages.to_pylist()
    again = read_all(events(*[row["value"] for row in accepted], source="t:t"), meaning)
    assert [row["outcome"] for row in again.to_pylist()].count(REJECTED) == 0
    kept = {row["sale_id"] for row in parsed if row["outcome"] != REJECTED}
    assert {row["sale_id"] for row in again.to_pylist()} == kept
    assert {row["key"] and row["key"].decode() for row in accepted} == kept


@pytest.mark.parametrize(
    ("value", "states"),
    [
        ({"updated_at": None}, True),
        ({}, True),
        ({"updated_at": "2015-11-01T10:00:00Z"}, False),
        ({"updated_at": ""}, True),
    ],
)
def test_a_row_without_a_version_gets_the_first_use_of_the_key(
    value: dict[str, Any], states: bool
) -> None:
    received_at = events(b"")["ingested_at"][0].as_py()
    row = {**sale(), **value}
    judge = SalesJudge(profile(), received_at)
    judged = judge(pa.array([1]), pa.array([json.dumps(row).encode()], pa.binary()))
    message = json.loads(judged.messages["value"][0].as_py())
    assert (message["updated_at"] == "2020-01-01T00:00:00Z") is states


def test_a_refusal_names_the_field_of_each_fault_even_where_it_is_the_whole_row(
    uploader: Uploader,
) -> None:
    refused = uploader.post(b"no object\n", media=NDJSON)
    assert refused.status_code == 422
    assert [fault["field"] for fault in refused.json()["upload"]["errors"]] == [None]
