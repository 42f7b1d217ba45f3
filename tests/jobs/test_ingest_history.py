import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from builders import data_folder, every_feature, sale_line, sales_text
from job_runs import NOW, run
from lakes import rows, versions

from ingestion import history
from ingestion.catalogue import intake as catalogue_intake
from ingestion.reconciliation import ingested_files
from ingestion.reconciliation.ingested_files import IngestedFile
from ingestion.sales import intake
from jobs.ingest_history import JOB
from lakehouse.delta import log
from lakehouse.delta.part_upserts import upsert_parts as upsert_whole
from lakehouse.lake import Lake
from lakehouse.profile.profile import load_profile
from lakehouse.profile.stored import claim_lake
from lakehouse.table import Table
from lakehouse.tables.bronze import (
    CATALOGUE_EVENTS,
    REJECTED_SALES,
    SALES_EVENTS,
    SOURCES,
)
from lakehouse.tables.silver import DAILY_OFFERS, DAILY_SALES, ITEMS, MONTHS, SHOPS

TABLES = (
    CATALOGUE_EVENTS, REJECTED_SALES, SALES_EVENTS, SOURCES,
    DAILY_OFFERS, DAILY_SALES, ITEMS, MONTHS, SHOPS,
)  # fmt: skip
MARCH = sales_text(
    sale_line(),
    sale_line(),
    sale_line(item_id="11", item_cnt_day="-1.0"),
    sale_line(date="2015.03.07"),
    sale_line(item_cnt_day="two", item_price='"9,5"'),
    sale_line(item_id=""),
    "07.03.2015,26,1",
    sale_line(item_cnt_day="0"),
)
# The first line stands in March's file too.
APRIL = sales_text(sale_line(), sale_line(date="30.04.2015"))

pytestmark = pytest.mark.usefixtures("spark")


def ingest(lake: Lake, folder: Path, *arguments: object) -> tuple[int, dict[str, Any]]:
    return run(JOB, "--data", folder, "--profile", "sample", "--lake", lake.root, *arguments)


def test_files_become_sales_offers_rejects_and_months(lake: Lake, tmp_path: Path) -> None:
    code, figures = ingest(lake, data_folder(tmp_path / "data", sales_a=MARCH, sales_b=APRIL))
    assert (code, figures["status"]) == (0, "done")
    price = Decimal("9.500000")
    assert rows(lake, DAILY_SALES, "date", "shop_id", "item_id", "units", "price") == [
        (date(2015, 3, 7), "1", "10", 2, price),
        (date(2015, 3, 7), "1", "11", -1, price),
        (date(2015, 4, 30), "1", "10", 2, price),
    ]
    assert rows(lake, DAILY_OFFERS, "date", "shop_id", "item_id") == [(date(2015, 3, 7), "1", "10")]
    assert figures["rejected_by_reason"] == {
        "date_unparsable": 1,
        "item_id_missing": 1,
        "price_unparsable": 1,
        "record_malformed": 1,
        "units_unparsable": 1,
    }
    ends = ("received", "live", "superseded", "not_a_sale", "rejected")
    assert [figures[end] for end in ends] == [10, 3, 2, 1, 4]
    assert (figures["first_month"], figures["open_month"]) == ("2015-03", "2015-04")
    assert rows(lake, SHOPS, "shop_id", "name")[0] == ("1", 'Ashbourne Mall "West", 2')


def test_the_same_files_again_change_nothing(lake: Lake, tmp_path: Path) -> None:
    folder = data_folder(tmp_path / "data", sales_a=MARCH)
    ingest(lake, folder)
    before = versions(lake, *TABLES)
    code, figures = ingest(lake, folder)
    assert (code, figures["files"], figures["files_skipped"]) == (0, 0, 1)
    assert versions(lake, *TABLES) == before


@pytest.mark.slow
def test_files_one_after_the_other_end_as_files_at_once(lake: Lake, tmp_path: Path) -> None:
    both = data_folder(tmp_path / "both", sales_a=MARCH, sales_b=APRIL)
    ingest(lake, both)
    other = Lake.at(str(tmp_path / "other"))
    folder = data_folder(tmp_path / "data", sales_b=APRIL)
    ingest(other, folder)
    code, figures = ingest(other, data_folder(tmp_path / "data", sales_a=MARCH))
    assert (code, figures["files_skipped"]) == (0, 1)
    for table in (DAILY_SALES, DAILY_OFFERS, REJECTED_SALES):
        assert rows(other, table) == rows(lake, table)
    assert rows(other, MONTHS, "month") == rows(lake, MONTHS, "month")


def interrupt(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


# Every place between two commits.
CUTS: dict[str, tuple[object, str]] = {
    "after the lists are in bronze": (catalogue_intake, "parse_catalogue"),
    "after the catalogue, before it is recorded": (ingested_files, "append_ingested"),
    "after the catalogue": (history, "append_file"),
    "after bronze": (intake, "merge_sales"),
    "after the rejects": (intake, "upsert_parts"),
    "after silver": (history, "extend_months"),
    "after the months": (IngestedFile, "of_sales"),
}


@pytest.mark.slow
@pytest.mark.parametrize("cut", CUTS)
def test_a_run_that_is_cut_off_is_completed_by_the_next_without_doubles(
    cut: str, lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = data_folder(tmp_path / "data", sales_a=MARCH, sales_b=APRIL)
    whole = Lake.at(str(tmp_path / "whole"))
    ingest(whole, folder)
    with monkeypatch.context() as patched:
        place, name = CUTS[cut]
        patched.setattr(
            place, name, second_call_interrupts() if name == "upsert_parts" else interrupt
        )
        assert ingest(lake, folder)[0] == 130
    code, figures = ingest(lake, folder)
    assert (code, figures["status"]) == (0, "done")
    for table in TABLES:
        assert rows(lake, table) == rows(whole, table)


def second_call_interrupts() -> Callable[..., None]:
    """Upsert into the first table, and stop before the second."""
    calls = iter((intake.upsert_parts, interrupt))
    return lambda *arguments: next(calls)(*arguments)


def test_a_lost_record_is_refused_and_the_file_not_recorded(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = data_folder(tmp_path / "data", sales_a=MARCH)
    with monkeypatch.context() as patched:
        patched.setattr(intake, "upsert_parts", all_but_the_last_sale)
        code, figures = ingest(lake, folder)
    assert (code, figures["status"]) == (3, "refused")
    assert len(ingested_files.read_ingested(lake, ingested_files.SALES)) == 0


def all_but_the_last_sale(lake: Lake, table: Table, *others: Any) -> None:
    """Upsert into a table, and lose a sale of it."""
    upsert_whole(lake, table, *others)
    if table is DAILY_SALES:
        log.load(lake, DAILY_SALES).delete("item_id = '11'")


def test_a_month_after_the_open_one_waits(lake: Lake, tmp_path: Path) -> None:
    ingest(lake, data_folder(tmp_path / "data", sales_a=MARCH))
    figures = ingest(lake, data_folder(tmp_path / "data", sales_b=APRIL))[1]
    assert figures["open_month"] == "2015-03"
    assert date(2015, 4, 30) in [day for (day,) in rows(lake, DAILY_SALES, "date")]


BAD_FILES: dict[str, tuple[dict[str, str | bytes], str]] = {
    "an absent column": ({"sales_b": MARCH.replace("item_price", "price")}, "no column"),
    "an empty file": ({"sales_b": b""}, r"sales_b\.csv: empty"),
    "another encoding": ({"sales_b": sales_text("é").encode("iso-8859-1")}, "is not utf-8"),
}


@pytest.mark.parametrize("fault", BAD_FILES)
def test_a_file_that_cannot_be_read_is_refused_before_anything_is_written(
    fault: str, lake: Lake, tmp_path: Path
) -> None:
    files, message = BAD_FILES[fault]
    code, figures = ingest(lake, data_folder(tmp_path / "data", sales_a=MARCH, **files))
    assert (code, figures["status"]) == (3, "refused")
    assert re.search(message, figures["error"])
    assert not (tmp_path / "lake").exists()


def test_a_lake_of_another_profile_is_refused(lake: Lake, tmp_path: Path) -> None:
    claim_lake(lake, load_profile("1c"))
    code, figures = ingest(lake, data_folder(tmp_path / "data", sales_a=MARCH))
    assert (code, figures["status"]) == (3, "refused")
    assert "made with profile '1c'" in figures["error"]


def test_a_reception_that_is_no_time_is_wrong_use(lake: Lake, tmp_path: Path) -> None:
    folder = data_folder(tmp_path / "data", sales_a=MARCH)
    assert ingest(lake, folder, "--received-at", "yesterday")[0] == 2
    code, figures = ingest(lake, folder, "--received-at", "2051-01-01")
    assert (code, "in the future" in figures["error"]) == (2, True)


def test_odd_values_of_a_file_become_the_right_ones_or_are_rejected_by_name(
    lake: Lake, tmp_path: Path
) -> None:
    """Floats for ids, forms of one name, words for missing, a date to come, marks in numbers."""
    text = sales_text(
        sale_line(),
        sale_line(item_id="10.0", item_price='"1.299,50"', item_cnt_day="2-"),
        sale_line(shop_id="Z\u00fcrich"),
        sale_line(shop_id="Zu\u0308rich\u200b", item_price="899", item_cnt_day="2"),
        sale_line(item_id="NULL"),
        sale_line(shop_id="4.60709E+12"),
        sale_line(date="03.11.2033"),
        sale_line(item_price="9.5"),
    ).replace(",9.5,2.0", ',"9,5","2,0"')
    profile = tmp_path / "mine.toml"
    sample = files("lakehouse.profile.profiles").joinpath("sample.toml").read_text(encoding="utf-8")
    profile.write_text(sample + '\n[files]\ndecimal = ","\nthousands = "."\n')
    folder = data_folder(tmp_path / "data", sales_a=text)
    code, figures = run(JOB, "--data", folder, "--profile", profile, "--lake", lake.root)
    assert (code, figures["rejected"], figures["open_month"]) == (0, 3, "2015-03")
    reasons = sorted(name for (names,) in rows(lake, REJECTED_SALES, "reasons") for name in names)
    assert reasons == ["date_implausible", "item_id_implausible", "shop_id_implausible"]
    assert rows(lake, DAILY_SALES, "shop_id", "item_id", "units", "price") == [
        ("1", "10", Decimal(-2), Decimal("1299.5")),
        ("1", "10", Decimal(2), Decimal("9.5")),
        ("Z\u00fcrich", "10", Decimal(2), Decimal(899)),
        ("Z\u00fcrich", "10", Decimal(2), Decimal("9.5")),
    ]


def test_the_stated_reception_is_the_version_of_every_sale(lake: Lake, tmp_path: Path) -> None:
    folder = data_folder(tmp_path / "data", sales_a=MARCH)
    ingest(lake, folder, "--received-at", "2015-04-01T06:00:00Z")
    stated = datetime(2015, 4, 1, 6, tzinfo=UTC)
    assert {row for row in rows(lake, DAILY_SALES, "updated_at", "ingested_at")} == {(stated, NOW)}


def test_control_totals_are_compared_with_what_was_ingested(lake: Lake, tmp_path: Path) -> None:
    control = tmp_path / "control.csv"
    control.write_text(
        "shop_id,date,rows,units,revenue\n1,07.03.2015,2,1,9.5\n2,07.03.2015,1,1,1\n"
    )
    folder = data_folder(tmp_path / "data", sales_a=MARCH)
    code, figures = ingest(lake, folder, "--control", control)
    assert code == 0
    assert figures["control"] == {
        "agree": 1,
        "disagree": 0,
        "missing_here": 1,
        "missing_there": 0,
        "first": ["missing in the lake: shop 2 on 2015-03-07"],
    }


def test_a_changed_list_changes_the_catalogue_and_nothing_else(lake: Lake, tmp_path: Path) -> None:
    folder = data_folder(tmp_path / "data", sales_a=MARCH)
    ingest(lake, folder)
    before = versions(lake, DAILY_SALES, SHOPS, SALES_EVENTS)
    items = folder / "items.csv"
    items.write_text(items.read_text().replace("Book,11,6", "Book,11,5\nPen,12,"))
    figures = ingest(lake, folder)[1]
    assert (figures["shops_changed"], figures["items_changed"]) == (0, 2)
    assert rows(lake, ITEMS, "item_id", "category_id") == [
        ("10", "5"),
        ("11", "5"),
        ("12", "unknown"),
    ]
    assert versions(lake, DAILY_SALES, SHOPS, SALES_EVENTS) == before
    items.write_text(items.read_text().replace("Book,11,5", "Book,11,6"))
    assert ingest(lake, folder)[1]["items_changed"] == 1


@pytest.mark.slow
def test_a_file_with_a_header_alone_holds_no_records(lake: Lake, tmp_path: Path) -> None:
    code, figures = ingest(lake, data_folder(tmp_path / "data", sales_a=sales_text()))
    assert (code, figures["files"], figures["received"]) == (0, 1, 0)
    assert (figures["first_month"], figures["open_month"]) == (None, None)
    figures = ingest(lake, data_folder(tmp_path / "data", sales_b=MARCH))[1]
    assert (figures["files"], figures["files_skipped"], figures["live"]) == (1, 1, 2)


@pytest.mark.slow
def test_a_file_whose_every_record_is_rejected_is_ingested_where_the_profile_allows_it(
    lake: Lake, tmp_path: Path
) -> None:
    wrong = sales_text(sale_line(date="2015.03.07"), sale_line(date="07-03-2015"))
    folder = data_folder(tmp_path / "data", sales_a=wrong)
    code, figures = ingest(lake, folder)
    assert (code, "2 date_unparsable" in figures["error"]) == (3, True)
    mine = every_feature(tmp_path)
    mine.write_text(mine.read_text().replace("[sales]", "[sales]\nmost_rejected = 1", 1))
    code, figures = run(JOB, "--data", folder, "--profile", mine, "--lake", lake.root)
    assert (code, figures["rejected_by_reason"]) == (0, {"date_unparsable": 2})
    assert rows(lake, DAILY_SALES) == []


def test_a_shop_day_delivered_again_replaces_what_it_held(tmp_path: Path) -> None:
    lake = Lake.at(str(tmp_path / "lake"))
    first = sales_text(
        sale_line(), sale_line(item_id="11"), sale_line(date="08.03.2015"), sale_line(shop_id="2")
    )
    again = sales_text(sale_line(item_cnt_day="3.0"), sale_line(shop_id="2", item_id="12"))
    common = ("--lake", lake.root, "--profile", "sample")
    code, figures = run(JOB, "--data", data_folder(tmp_path / "a", sales_a=first), *common)
    assert code == 0, figures
    folder = data_folder(tmp_path / "b", sales_b=again)
    for _ in range(2):
        later = NOW + timedelta(days=1)
        code, figures = run(JOB, "--data", folder, *common, "--replace", "1,2015-03-07", now=later)
        assert (code, figures["replaced"]) == (
            0, [{"day": "shop 1, 2015-03-07", "lines": 1, "live": 1}]
        )  # fmt: skip
    found = rows(lake, DAILY_SALES, "shop_id", "date", "item_id", "units", "is_cancelled")
    live = [
        (shop, f"{day}", item, int(units)) for shop, day, item, units, gone in found if not gone
    ]
    assert sorted(live) == [
        ("1", "2015-03-07", "10", 3),
        ("1", "2015-03-08", "10", 2),
        ("2", "2015-03-07", "10", 2),
    ]
    code, figures = run(JOB, "--data", folder, *common, "--replace", "1,2015-03-09")
    assert code == 3
    assert "shop 1, 2015-03-09: no line in sales_b.csv" in figures["error"]
