"""An erasure leaves a lake as if what was erased had never come."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from builders import (
    cancel,
    data_folder,
    events,
    own_id_profile,
    record,
    sale_line,
    sales_text,
)
from job_runs import run
from lakes import ingest_events, rows, versions

from ingestion.catalogue.messages import merge_messages
from ingestion.erasure.removal import OF_SHOPS
from ingestion.erasure.selection import ErasureRequest, distinct_ids, select_catalogue
from ingestion.reconciliation import reconcile
from ingestion.reconciliation.reconciliation import require_balance
from ingestion.sales.intake import merge_few_sales
from jobs import build_features, close_month, ingest_history, maintain
from lakehouse.delta import creation
from lakehouse.delta.arrow import append_rows
from lakehouse.lake import Lake
from lakehouse.overrides import Override, append_overrides, read_overrides
from lakehouse.profile.stored import claim_lake, stored_profile
from lakehouse.storage import local_path
from lakehouse.tables.bronze import CATALOGUE_EVENTS, ERASURES, REJECTED_SALES, SALES_EVENTS
from lakehouse.tables.silver import DAILY_OFFERS, DAILY_SALES, ITEMS, REPLACED_DAYS, SHOPS
from lakehouse.types import TIMESTAMP

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.slow

FIRST, SECOND, THIRD = (f"2016-0{month}-01T00:00:00Z" for month in (1, 2, 3))
SILVER = (DAILY_SALES, REJECTED_SALES, REPLACED_DAYS)


def day(shop: str, *lines: dict[str, Any]) -> bytes:
    whole = {"op": "replace", "shop_id": shop, "date": "2015-03-07", "updated_at": SECOND}
    return json.dumps({**whole, "lines": lines}).encode()


def line(sale: str) -> dict[str, Any]:
    return {"sale_id": sale, "item_id": "10", "units": "1"}


# Each record, and whether it stays when shop 77 (known as 7, too) is erased.
STREAM = [
    (record(sale_id="a", shop_id="77", updated_at=FIRST), False),
    (cancel("a", SECOND), False),
    (record(sale_id="alias", shop_id="7", updated_at=FIRST), False),
    (record(sale_id="b", shop_id="1", updated_at=FIRST), True),
    (record(sale_id="came", shop_id="1", updated_at=FIRST), False),
    (record(sale_id="came", shop_id="77", updated_at=SECOND), False),
    (record(sale_id="left", shop_id="77", updated_at=FIRST), False),
    (record(sale_id="left", shop_id="1", updated_at=SECOND), True),
    (record(sale_id="c", shop_id="77", units="x"), False),
    (record(sale_id="d", shop_id="1", units="x"), True),
    (b"rubbish", True),
    (cancel("unknown", FIRST), True),
    (day("77", line("e"), line("f")), False),
    (record(sale_id="i", shop_id="1").replace(b'"1"', b'"\\u0037\\u0037"'), False),
    (day("1", line("g"), line("h")), True),
]


@pytest.fixture
def streamed(spark: "SparkSession", lake: Lake) -> Lake:
    """A lake of sales that name themselves, moved, cancelled, rejected and delivered by day."""
    claim_lake(lake, own_id_profile())
    shops = [
        {"shop_id": "77", "name": "Seventy-seven"},
        {"shop_id": "7", "name": "Old", "alias_of": "77"},
        {"shop_id": "1", "name": "One"},
    ]
    message = json.dumps({"updated_at": FIRST, "shops": shops}).encode()
    received = events(message, source="catalogue")
    named = received.append_column("entity", pa.array(["message"]))
    append_rows(lake, CATALOGUE_EVENTS, named)
    append_rows(lake, ITEMS, ITEMS.schema.empty_table())
    merge_messages(lake, named, own_id_profile())
    ingest_events(spark, lake, events(*(value for value, _ in STREAM)), own_id_profile())
    return lake


def asked(lake: Lake, *arguments: object) -> dict[str, Any]:
    code, figures = run(maintain.JOB, "--lake", lake.root, *arguments)
    assert code == 0, figures
    return figures


def as_if(spark: "SparkSession", folder: Path, kept: list[int]) -> Lake:
    """A lake that only some of the stream's records came to."""
    lake = Lake.at(str(folder))
    claim_lake(lake, own_id_profile())
    values = [STREAM[number][0] for number in kept]
    ingest_events(spark, lake, events(*values, offsets=kept), own_id_profile())
    return lake


def test_a_lake_without_a_shop_is_as_one_that_it_never_came_to(
    spark: "SparkSession", streamed: Lake, tmp_path: Path
) -> None:
    figures = asked(streamed, "--erase-shop", "77", "--yes")
    assert (figures["shops"], figures["unattributed_rejected"]) == (["7", "77"], 1)
    kept = [number for number, (_, stays) in enumerate(STREAM) if stays]
    right = as_if(spark, tmp_path / "right", kept)
    for table in (SALES_EVENTS, *SILVER):
        assert rows(streamed, table) == rows(right, table), table.path
    assert rows(streamed, SHOPS, "shop_id") == [("1",)]
    (message,) = rows(streamed, CATALOGUE_EVENTS, "value")
    assert [shop["name"] for shop in json.loads(message[0])["shops"]] == ["One"]


def test_sales_go_with_all_their_versions_and_out_of_a_delivery_of_their_day(
    spark: "SparkSession", streamed: Lake, tmp_path: Path
) -> None:
    listed = tmp_path / "ids.txt"
    listed.write_text("left\nh\n\nd\nnever-seen\n")
    asked(streamed, "--erase-sales", listed, "--yes")
    stored = {sale for (sale,) in rows(streamed, DAILY_SALES, "sale_id")}
    assert stored == {"a", "alias", "b", "came", "unknown", "e", "f", "g", "i"}
    values = b" ".join(value for (value,) in rows(streamed, SALES_EVENTS, "value"))
    assert [b'"%s"' % name in values for name in (b"left", b"h", b"d", b"g")] == [False] * 3 + [
        True
    ]
    gone = [
        number for number, (value, _) in enumerate(STREAM) if b'"left"' in value or b'"d"' in value
    ]
    kept = [number for number in range(len(STREAM)) if number not in gone]
    right = as_if(spark, tmp_path / "right", kept)
    is_other = [row for row in rows(right, DAILY_SALES) if row[0] != "h"]
    assert rows(streamed, DAILY_SALES) == is_other


def test_a_sale_poisoned_by_a_version_from_the_future_comes_back(
    lake: Lake, tmp_path: Path
) -> None:
    """docs/how_to/runbook.md: erase the sale, and send it again."""
    claim_lake(lake, own_id_profile())
    creation.create_table(lake, DAILY_SALES)
    later = datetime(2051, 11, 4, tzinfo=UTC)
    poison = record(sale_id="s1", units="20", updated_at="2051-11-03T10:00:00Z")
    before = events(poison, received_at=later)
    place = before.column_names.index("ingested_at")
    before = before.set_column(place, "ingested_at", pa.array([later], TIMESTAMP))
    right = events(record(sale_id="s1", updated_at="2015-03-08"), offsets=[1])

    for received in (before, right):
        append_rows(lake, SALES_EVENTS, received)
        merge_few_sales(lake, received, own_id_profile())
    assert rows(lake, DAILY_SALES, "units") == [(Decimal(20),)]
    (listed := tmp_path / "ids.txt").write_text("s1\n")
    asked(lake, "--erase-sales", listed, "--yes")
    assert rows(lake, DAILY_SALES) == []
    merge_few_sales(lake, right, own_id_profile())
    assert rows(lake, DAILY_SALES, "units") == [(Decimal(2),)]


def test_an_erased_shop_goes_in_whatever_form_records_name_it(lake: Lake) -> None:
    claim_lake(lake, own_id_profile())
    creation.create_table(lake, DAILY_SALES)
    forms = ["Z\u00fcrich", "Zu\u0308rich", "Z\u00fcrich\u200b", " Z\u00fcrich"]
    values = [json.loads(record(sale_id=str(n), shop_id=form)) for n, form in enumerate(forms)]
    received = events(*(json.dumps(one, ensure_ascii=False).encode() for one in values))
    append_rows(lake, SALES_EVENTS, received)
    merge_few_sales(lake, received, own_id_profile())
    figures = asked(lake, "--erase-shop", "Zu\u0308rich", "--yes")
    assert figures["rows"] == {"silver/daily_sales": 4, "bronze/sales_events": 4}


def test_the_reconciliation_counts_erased_records_and_balances(
    spark: "SparkSession", lake: Lake
) -> None:
    claim_lake(lake, own_id_profile())
    single = [value for value, _ in STREAM if b'"replace"' not in value]
    ingest_events(spark, lake, events(*single), own_id_profile())
    before = reconcile.reconcile_files(lake, ["file"], own_id_profile())
    require_balance(before)
    asked(lake, "--erase-shop", "77", "--yes")
    after = reconcile.reconcile_files(lake, ["file"], own_id_profile())
    require_balance(after)
    assert (before[0].erased, after[0].erased, after[0].received) == (0, 7, before[0].received)


def test_without_yes_it_only_counts_and_a_second_erasure_finds_nothing(streamed: Lake) -> None:
    tables = (SALES_EVENTS, DAILY_SALES, REJECTED_SALES, CATALOGUE_EVENTS, SHOPS)
    before = versions(streamed, *tables)
    counted = asked(streamed, "--erase-shop", "77")
    assert (counted["erased"], versions(streamed, *tables)) == (False, before)
    assert counted["rows"] == {
        "silver/daily_sales": 6,
        "silver/replaced_days": 1,
        "silver/shops": 2,
        "bronze/rejected_sales": 1,
        "bronze/catalogue_events": 1,
        "bronze/sales_events": 9,
    }
    replayed = local_path(streamed.root) / "known_at" / "then" / "bronze"
    replayed.mkdir(parents=True)
    done = asked(streamed, "--erase-shop", "77", "--yes")
    assert (done["erased"], done["rows"]) == (True, counted["rows"])
    assert not replayed.parent.exists(), "a replayed lake holds copies"
    after = versions(streamed, *tables)
    again = asked(streamed, "--erase-shop", "77", "--yes")
    assert (again["rows"], versions(streamed, *tables)) == ({}, after)
    assert [count for (count,) in rows(streamed, ERASURES, "records")] == [9]


@pytest.mark.slow
def test_what_is_due_done_no_file_holds_the_shop_any_more(lake: Lake, tmp_path: Path) -> None:
    secret = sale_line(shop_id="1", item_id="11")
    sales = sales_text(
        sale_line(shop_id="2"), secret, sale_line(shop_id="1", item_id="", item_cnt_day="3"),
        sale_line(shop_id="1", item_cnt_day="0"), sale_line(date="07.04.2015", shop_id="2"),
    )  # fmt: skip
    data = data_folder(tmp_path / "data", sales_a=sales)
    steps = ["--lake", lake.root]
    run(ingest_history.JOB, *steps, "--data", data, "--profile", "sample")
    run(close_month.JOB, *steps)
    run(build_features.JOB, *steps)
    asked(lake, "--erase-shop", "1", "--yes")
    (source,) = {source for (source,) in rows(lake, SALES_EVENTS, "source")}
    (file,) = reconcile.reconcile_files(lake, [source], stored_profile(lake))
    assert (file.received, file.live, file.rejected, file.erased, file.difference) == (
        5,
        2,
        0,
        3,
        0,
    )
    assert run(build_features.JOB, *steps)[0] == 0
    asked(lake, "--retain-hours", "0")
    folder = local_path(lake.root)
    holders = [path for path in folder.rglob("*.parquet") if holds(path, "1")]
    assert holders == []
    again = run(ingest_history.JOB, *steps, "--data", data, "--profile", "sample")[1]
    assert (again["files"], again["shops_changed"]) == (0, 0)
    assert rows(lake, DAILY_OFFERS) == []


def holds(path: Path, shop: str) -> bool:
    """Whether a file of a table holds a shop, in a column or in a record."""
    if "_delta_log" in path.parts:
        return False
    found = pq.ParquetFile(path).read()
    column = found["shop_id"].to_pylist() if "shop_id" in found.column_names else []
    values = found["value"].to_pylist() if "value" in found.column_names else []
    return shop in column or any(
        f'"shop_id":"{shop}"'.encode() in value for value in values if value
    )


def test_the_numbers_that_planners_gave_for_a_shop_go_with_it(streamed: Lake) -> None:
    month, now = date(2015, 4, 1), datetime(2015, 4, 2, tzinfo=UTC)
    kept, gone = (
        Override(shop, "10", month, 3.0, "promotion", None, "ann", now, "v1", 2.0)
        for shop in ("1", "77")
    )
    append_overrides(streamed, [kept, gone])
    done = asked(streamed, "--erase-shop", "77", "--yes")
    assert done["rows"]["gold/overrides"] == 1
    assert [override.cell for override in read_overrides(streamed)] == [kept.cell]


def test_a_shops_inputs_go_with_it() -> None:
    values = (b'{"shop_id": "5", "item_id": "1", "month": "2015-01"}', b'{"shop_id": "6"}')
    records = events(*values).append_column("entity", pa.array(["promotions", "shop_dates"]))
    judged = select_catalogue(records, ErasureRequest(distinct_ids(["5"]), distinct_ids([])))
    assert judged.gone["offset"].to_pylist() == [0]
    assert {"silver/promotions", "silver/stock_outs", "silver/shop_dates"} <= {
        table.path for table in OF_SHOPS
    }


def test_yes_without_an_erasure_and_a_file_that_is_not_there_are_wrong_use(lake: Lake) -> None:
    for arguments in (["--yes"], ["--erase-sales", "nowhere.txt"]):
        assert run(maintain.JOB, "--lake", lake.root, *arguments)[0] == 2
