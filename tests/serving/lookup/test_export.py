"""Files have every forecast, ids as texts, dates as dates, and no formula."""

import csv
import io
import zipfile
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any
from xml.etree import ElementTree

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from asking import Client
from published import TIME, PublishedLake, forecast, shop

from serving.lookup import exports
from serving.lookup.frames import OVERRIDE_SCHEMA, SCHEMA
from serving.lookup.store import Store

DECEMBER = date(2015, 12, 1)
FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)"]
SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
ROWS = [
    forecast("57", "00123", p10=0.0, p95=2.5),
    forecast("57", "00123", month=DECEMBER, horizon=2),
    *(forecast("57", item) for item in FORMULAS),
    forecast("58", "Якутск", model="=cmd"),
]


@pytest.fixture(autouse=True)
def _loaded(
    published: PublishedLake, store: Store, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    published.publish("v1", *ROWS)
    published.set_shops(shop("57"), shop("0", alias_of="57"))
    store.refresh()
    monkeypatch.setattr(exports, "BLOCK_PAIRS", 2)
    return None


NO_OVERRIDE = dict.fromkeys(OVERRIDE_SCHEMA.names)
FIXED = {"version": "v1", "stale": False, **NO_OVERRIDE}


def expected_rows(*shops: str) -> list[dict[str, Any]]:
    rows = [{**row, **FIXED} for row in ROWS if row["shop_id"] in shops]
    return sorted(rows, key=lambda row: (row["shop_id"], row["item_id"], row["month"]))


def export(client: Client, path: str) -> httpx.Response:
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    assert "attachment" in answer.headers["content-disposition"]
    return answer


def close(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return rows with units as people write them."""
    return [{**row, "units": round(row["units"], 6)} for row in rows]


def test_an_arrow_export_has_all_forecasts(client: Client) -> None:
    table = pa.ipc.open_stream(export(client, "/forecasts.arrow").content).read_all()
    assert table.schema == SCHEMA
    assert close(table.to_pylist()) == expected_rows("57", "58")


def test_a_parquet_export_has_all_forecasts(client: Client) -> None:
    table = pq.read_table(io.BytesIO(export(client, "/forecasts.parquet").content))
    assert close(table.to_pylist()) == expected_rows("57", "58")


def test_a_csv_export_has_all_forecasts(client: Client) -> None:
    rows = list(csv.DictReader(io.StringIO(export(client, "/forecasts.csv").text)))
    expected = expected_rows("57", "58")
    assert [row["month"] for row in rows] == [str(row["month"]) for row in expected]
    assert [row["units"] for row in rows] == ["1.3"] * len(expected)
    assert {row["generated_at"] for row in rows} == {"2015-11-03T02:00:00.000000Z"}
    assert {row["stale"] for row in rows} == {"false"}
    assert [row["p10"] for row in rows if row["item_id"] == "00123"] == ["0", ""]


def test_a_csv_export_of_a_shop_has_no_formula(client: Client) -> None:
    text = export(client, "/shops/0/forecasts.csv").text
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["item_id"] for row in rows] == [
        "'+1",
        "'-1",
        "00123",
        "00123",
        "'=1+1",
        "'@SUM(A1)",
    ]
    assert '"00123"' in text


def cells_of(sheet: bytes, strings: list[str]) -> list[list[tuple[str, str]]]:
    """Read the cells of a sheet's rows: type and text."""
    rows = []
    for row in ElementTree.fromstring(sheet).iter(f"{SHEET}row"):
        cells = []
        for cell in row:
            kind = cell.get("t", "n")
            text = "".join(cell.itertext())
            cells.append((kind, strings[int(text)] if kind == "s" else text))
        rows.append(cells)
    return rows


def test_a_workbook_has_texts_dates_and_numbers(client: Client) -> None:
    answer = export(client, "/shops/57/forecasts.xlsx")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as book:
        assert b"<f>" not in book.read("xl/worksheets/sheet1.xml")
        names = book.namelist()
        strings = []
        if "xl/sharedStrings.xml" in names:
            shared = ElementTree.fromstring(book.read("xl/sharedStrings.xml"))
            strings = ["".join(item.itertext()) for item in shared]
        header, *rows = cells_of(book.read("xl/worksheets/sheet1.xml"), strings)
    assert [text for _, text in header] == SCHEMA.names
    expected = expected_rows("57")
    for cells, row in zip(rows, expected, strict=True):
        columns = [name for name in SCHEMA.names if row[name] is not None]
        found = dict(zip(columns, cells, strict=True))
        assert found["item_id"][0] in {"s", "inlineStr"}
        assert found["item_id"][1] == row["item_id"]
        assert found["units"] == ("n", "1.3")
        assert float(found["month"][1]) == (row["month"] - date(1899, 12, 30)).days
        days = (TIME.replace(tzinfo=None) - datetime(1899, 12, 30)).total_seconds() / 86400
        assert float(found["generated_at"][1]) == pytest.approx(days)
        assert found["stale"][0] == "b"


def test_an_empty_version_is_exported(
    client: Client, published: PublishedLake, store: Store
) -> None:
    published.publish("v2")
    store.refresh()
    assert pq.read_table(io.BytesIO(export(client, "/forecasts.parquet").content)).num_rows == 0
    assert export(client, "/forecasts.csv").text.count("\n") == 1


def test_a_file_that_the_client_has_is_not_sent_again(client: Client) -> None:
    for path in ("/forecasts.parquet", "/shops/57/forecasts.xlsx"):
        tag = client.get(path).headers["etag"]
        again = client.get(path, headers={"If-None-Match": tag})
        assert (again.status_code, again.content) == (304, b"")
