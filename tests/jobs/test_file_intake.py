"""What is taken in is what the named files hold, and what is not taken in is said."""

from datetime import date, datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from builders import data_folder, profile, sale_line, sales_text
from job_runs import NOW, run
from lakes import rows

from forecasting.pairs import read_pairs
from ingestion.files import inspection
from ingestion.files.sources import find_sales_file
from ingestion.reconciliation import ingested_files
from jobs.check_profile import JOB as CHECK
from jobs.ingest_history import JOB
from lakehouse.delta import log
from lakehouse.delta.arrow import append_rows
from lakehouse.errors import SourceError
from lakehouse.lake import Lake
from lakehouse.tables.bronze import SALES_EVENTS, SOURCE_FILES
from lakehouse.tables.silver import DAILY_SALES, ITEMS, SHOPS
from streaming.producer.messages import messages

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

CATEGORY = 'category_id = "item_category_id" }\n\n[items'
LISTED = (CATEGORY, CATEGORY.replace(" }", ', listed_on = "listed" }'))
MOSCOW, NEW_YORK = pa.timestamp("ns", "Europe/Moscow"), pa.timestamp("us", "America/New_York")

pytestmark = pytest.mark.usefixtures("spark")


def ingest(
    lake: Lake, folder: Path, *arguments: object, of: object = "sample", now: datetime = NOW
) -> tuple[int, dict[str, Any]]:
    common = ("--data", folder, "--profile", of, "--lake", lake.root)
    return run(JOB, *common, *arguments, now=now)


def own_profile(folder: Path, *changes: tuple[str, str]) -> Path:
    """Write the sample's profile with some texts replaced, and return its file."""
    text = (resources.files("lakehouse.profile.profiles") / "sample.toml").read_text(
        encoding="utf-8"
    )
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    (file := folder / "own.toml").write_text(text)
    return file


def live(lake: Lake) -> list[tuple[str, str, int]]:
    found = rows(lake, DAILY_SALES, "date", "item_id", "units", "is_cancelled")
    return sorted((str(day), item, int(units)) for day, item, units, gone in found if not gone)


@pytest.mark.slow
def test_files_whose_names_are_patterns_of_others_are_read_themselves(
    lake: Lake, tmp_path: Path
) -> None:
    data_folder(tmp_path / "data1", sales1=sales_text(sale_line(item_id="wrong")))
    folder = data_folder(
        tmp_path / "data[1]",
        **{"sales1": sales_text(sale_line(item_id="10"))},
        **{"sales[1]": sales_text(sale_line(item_id="11"))},
        **{"sales 10:30": sales_text(sale_line(item_id="12"))},
        **{"sales#{%20}?_gz": sales_text(sale_line(item_id="13"))},
    )  # fmt: skip
    table = pa.table({n: [v] for n, v in zip(("date", "shop_id", "item_id", "item_price",
        "item_cnt_day"), ("2015-03-07", "1", "14", 9.5, 2), strict=True)})  # fmt: skip
    pq.write_table(table, folder / "sales\\*.parquet")
    code, figures = ingest(lake, folder)
    assert (code, figures["files"], figures["received"], figures["live"]) == (0, 5, 5, 5)
    assert [item for _, item, _ in live(lake)] == ["10", "11", "12", "13", "14"]
    assert ingest(lake, folder)[1]["files_skipped"] == 5


def test_files_in_utf_16_are_read_line_by_line_and_lists_with_a_lost_quote_are_told(
    lake: Lake, tmp_path: Path
) -> None:
    folder = data_folder(tmp_path / "data")
    (folder / "items.csv").write_text(
        'item_id,item_name,item_category_id\n10,"Lamp,5\n11,Book,6\n12,"Pen",6\n'
    )
    quoted = sales_text(
        *(sale_line(item_id=item) + f',"{end}' for item, end in (("10", 'a"'), ("11", "b"))),
        sale_line(item_id="12") + ",c",
        sale_line(item_id="10", date="08.03.2015") + ',"d"',
    ).replace("item_cnt_day\n", "item_cnt_day,note\n")
    (folder / "sales.csv").write_text(quoted)
    for path in folder.iterdir():
        path.write_bytes(path.read_text().encode("utf-16"))
    wide = own_profile(tmp_path, ("[sales]\n", '[files]\nencoding = "utf-16"\n\n[sales]\n'))
    code, figures = ingest(lake, folder, of=wide)
    assert (code, figures["live"], figures["rejected"]) == (0, 4, 0)
    assert figures["catalogue_rejected"] == 1
    assert rows(lake, ITEMS, "item_id", "category_id") == [("11", "6"), ("12", "6")]


FAULTS = {
    "a missing shop": (sale_line(shop_id=""), "row 1: shop_id_missing"),
    "a wrong date": (sale_line(date="03.13.2015"), "row 1: date_unparsable"),
    "too few columns": ("1,2", "row 1: record_malformed"),
    "no units": (sale_line(item_cnt_day="x"), "row 1: units_unparsable"),
}


def test_a_shop_day_is_replaced_by_all_its_lines_or_not_at_all(lake: Lake, tmp_path: Path) -> None:
    day = ("--replace", "1,2015-03-07")
    ingest(lake, data_folder(tmp_path / "a", sales_a=sales_text(sale_line())))
    first = sale_line(item_id="11", item_cnt_day="1")
    version = log.version(lake, SALES_EVENTS)
    for number, (line, message) in enumerate(FAULTS.values()):
        folder = data_folder(tmp_path / f"b{number}", sales_b=sales_text(first, line))
        code, figures = ingest(lake, folder, *day)
        assert code == 3
        assert (
            f"sales_b.csv may be of such a day and cannot be ingested ({message}"
            in (figures["error"])
        )
    assert log.version(lake, SALES_EVENTS) == version
    assert live(lake) == [("2015-03-07", "10", 2)]
    # Damaged lines of other days and shops do not matter; padded ids are those without blanks.
    others = (sale_line(shop_id="2", item_cnt_day="x"), sale_line(date="08.03.2015", item_id=""))
    padded = sale_line(shop_id=" 1", item_id="10 ")
    folder = data_folder(tmp_path / "c", sales_b=sales_text(first, *others, padded))
    code, figures = ingest(lake, folder, *day, now=NOW + timedelta(days=1))
    assert (code, figures["replaced"]) == (
        0, [{"day": "shop 1, 2015-03-07", "lines": 2, "live": 2}]
    )  # fmt: skip
    assert (figures["received"], figures["rows_of_other_days"]) == (4, 2)
    assert live(lake) == [("2015-03-07", "10", 2), ("2015-03-07", "11", 1)]


def test_a_cancel_within_a_replacement_is_refused(lake: Lake, tmp_path: Path) -> None:
    own = own_profile(tmp_path, ('units = "item_cnt_day"', 'units = "item_cnt_day"\nop = "op"'))
    text = sales_text(sale_line() + ",cancel", sale_line(item_id="11") + ",")
    folder = data_folder(
        tmp_path / "a", sales_a=text.replace("item_cnt_day\n", "item_cnt_day,op\n")
    )
    code, figures = ingest(lake, folder, "--replace", "1,2015-03-07", of=own)
    assert (code, "row 0: op cancel" in figures["error"]) == (3, True)


def test_a_file_sent_again_with_other_contents_is_warned_of_and_what_is_not_read_is_named(
    lake: Lake, tmp_path: Path
) -> None:
    folder = data_folder(tmp_path / "data", sales_a=sales_text(sale_line()))
    (folder / "sales_b.CSV").write_text("x")
    (folder / "2015").mkdir()
    (folder / "2015" / "sales_c.csv").write_text("x")
    figures = ingest(lake, folder)[1]
    assert "read_before_with_other_contents" not in figures
    assert figures["files_not_read"] == 2
    assert set(figures["not_read"]) == {"sales_b.CSV", "2015/sales_c.csv"}
    (folder / "sales_a.csv").write_text(sales_text(sale_line(item_cnt_day="3")))
    code, figures = ingest(lake, folder)
    assert (code, figures["read_before_with_other_contents"]) == (0, ["sales_a.csv"])
    checked = run(CHECK, "--data", folder, "--profile", "sample")[1]
    assert set(checked["not_read"]) == {"sales_b.CSV", "2015/sales_c.csv"}


def test_times_of_parquet_are_the_same_days_for_the_lake_and_the_producer(
    lake: Lake, tmp_path: Path
) -> None:
    folder = data_folder(tmp_path / "data")
    times = {
        "sales_a.parquet": pa.array([datetime(2015, 10, 31, 21)], MOSCOW),
        "sales_b.parquet": pa.array([datetime(2015, 12, 1, 1, 30)], NEW_YORK),
        "sales_c.parquet": pa.array([date(2015, 11, 2)], pa.date32()),
    }  # fmt: skip
    others = {"shop_id": ["1"], "item_id": [10.0], "item_price": [899.0], "item_cnt_day": [3]}
    for name, days in times.items():
        pq.write_table(pa.table({"date": days, **others}), folder / name)
    items = {"item_id": [10, 11], "item_name": ["a", "b"], "item_category_id": [5, 5]}
    listed = pa.array([datetime(2015, 10, 1), None], pa.timestamp("us"))
    pq.write_table(pa.table({**items, "listed": listed}), folder / "items.parquet")
    own = own_profile(tmp_path, ('file = "items.csv"', 'file = "items.parquet"'), LISTED)
    code, figures = ingest(lake, folder, of=own)
    assert (code, figures["live"], figures["listed_on_unparsable"]) == (0, 3, 0)
    assert [day for day, _, _ in live(lake)] == ["2015-11-01", "2015-11-02", "2015-11-30"]
    assert rows(lake, ITEMS, "item_id", "listed_on") == [("10", date(2015, 10, 1)), ("11", None)]
    sent = {
        message.key.decode()
        for name in times
        for message in messages(find_sales_file(str(folder / name), profile()), profile())
        if message.key
    }
    assert sent == {sale_id for (sale_id,) in rows(lake, DAILY_SALES, "sale_id")}


def test_a_date_of_listing_that_is_none_is_counted(lake: Lake, tmp_path: Path) -> None:
    folder = data_folder(tmp_path / "data", sales_a=sales_text(sale_line()))
    text = "item_name,item_id,item_category_id,listed\nLamp,10,5,01/10/2015\nBook,11,6,01.10.2015\n"
    (folder / "items.csv").write_text(text)
    own = own_profile(tmp_path, LISTED)
    assert ingest(lake, folder, of=own)[1]["listed_on_unparsable"] == 1


@pytest.mark.slow
def test_a_list_of_pairs_is_read_as_files_of_sales_are(
    spark: "SparkSession", lake: Lake, tmp_path: Path
) -> None:
    shop = {"shop_id": "0", "name": "x", "alias_of": "57", "attributes": [], "updated_at": NOW}
    append_rows(lake, SHOPS, pa.Table.from_pylist([shop], SHOPS.schema))
    (tmp_path / "pairs1.csv").write_text("ID,shop_id,item_id\n9,9,9\n")
    (tmp_path / "pairs[1].csv").write_text('ID,shop_id,item_id,x\n0,1, 53\n1, 0 ,"5"\n2,1.0,53,\n')
    with pytest.raises(SourceError, match=r"row 0 has too few or too many columns: 0,1, 53"):
        read_pairs(spark, lake, str(tmp_path / "pairs[1].csv"))
    (tmp_path / "pairs[1].csv").write_text('ID,shop_id,item_id\n0,1, 53\n1, 0 ,"5"\n2,1.0,53\n')
    found = read_pairs(spark, lake, str(tmp_path / "pairs[1].csv")).orderBy("ID").collect()
    assert [tuple(row) for row in found] == [("0", "1", "53"), ("1", "57", "5"), ("2", "1", "53")]


def test_files_that_are_in_the_lake_are_not_opened_again(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = data_folder(
        tmp_path / "data", sales_a=sales_text(sale_line()), sales_b=sales_text(sale_line())
    )
    ingest(lake, folder)
    version = log.version(lake, SOURCE_FILES)

    def refuse(uri: str) -> None:
        raise AssertionError(f"{uri} is read again")

    monkeypatch.setattr(inspection, "open_source", refuse)
    code, figures = ingest(lake, folder)
    assert (code, figures["files"], figures["files_skipped"]) == (0, 0, 1)
    assert log.version(lake, SOURCE_FILES) == version


def test_a_lake_of_before_learns_which_files_it_has_read(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = data_folder(tmp_path / "data", sales_a=sales_text(sale_line()))
    with monkeypatch.context() as before:
        before.setattr(ingested_files, "record_files", lambda *_: None)
        ingest(lake, folder)
    assert not log.exists(lake, SOURCE_FILES)
    figures = ingest(lake, folder)[1]
    assert (figures["files"], figures["files_skipped"]) == (0, 1)
    assert len(rows(lake, SOURCE_FILES)) == 4
