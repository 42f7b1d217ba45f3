"""What an ingest and a dry run of the same files report beside the reconciliation."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from builders import data_folder, every_feature, sale_line, sales_text
from job_runs import run
from lakes import rows

from ingestion.sales.control_figures import ControlFigures, Returns
from ingestion.sales.unlisted import Listed, UnlistedIds
from jobs.check_profile import JOB as CHECK
from jobs.ingest_history import JOB as INGEST
from lakehouse.delta import log
from lakehouse.lake import Lake
from lakehouse.tables.silver import DAILY_SALES
from lakehouse.types import UNITS

FIGURES = ("unlisted", "returns", "rejected_share")


def ingest(lake: Lake, folder: Path, profile: object = "sample") -> tuple[int, dict[str, Any]]:
    return run(INGEST, "--data", folder, "--profile", profile, "--lake", lake.root)


def test_sales_of_ids_that_no_list_knows_are_counted_the_most_frequent_first() -> None:
    listed = Listed.of_rows(shop_id=[{"shop_id": "1"}], item_id=[{"item_id": "10"}])
    sales = pa.table(
        {
            "units": pa.array([1] * 7, UNITS),
            "shop_id": ["1", "1", "x", "1", "1", "1", "1"],
            "item_id": ["10", "b", "10", "a", "b", "c", "d"],
        }
    )
    figures = ControlFigures()
    figures.add_sales(sales, listed)
    assert figures.unlisted_ids == {
        "shop_id": UnlistedIds(1, 1, ["x"]),
        "item_id": UnlistedIds(5, 4, ["b", "a", "c", "d"]),
    }


def test_returns_are_known_by_their_marks_also_where_they_are_no_number() -> None:
    units = ["2-", "(2)", "−1", "-1", "7", "x", "1-2"]
    returns = Returns()
    returns.add_rejected(pa.array([f'{{"units": "{text}"}}'.encode() for text in units]))
    returns.add_rejected(pa.array([b"no record", None], pa.binary()))
    assert (returns.rejected, returns.first) == (4, ["2-", "(2)", "−1"])


@pytest.mark.parametrize(
    ("taken", "rejected", "most", "is_refused"),
    [(0, 20, 0.5, True), (0, 19, 0.5, False), (10, 10, 0.5, False), (9, 11, 0.5, True),
     (0, 20, 1, False), (0, 0, 0, False)],
)  # fmt: skip
def test_returns_are_refused_if_more_of_them_are_rejected_than_the_profile_allows(
    taken: int, rejected: int, most: float, is_refused: bool
) -> None:
    refusal = Returns(taken, rejected, ["(2)"]).refusal(most)
    assert (refusal is not None) == is_refused
    assert refusal is None or f"{rejected} of {taken + rejected} records of returned" in refusal


@pytest.mark.slow
@pytest.mark.usefixtures("spark")
def test_a_load_whose_returns_are_all_rejected_is_refused_although_most_records_are_not(
    lake: Lake, tmp_path: Path
) -> None:
    returns = [sale_line(item_cnt_day="(1)", item_price=str(n)) for n in range(1, 21)]
    sales = [sale_line(item_price=str(n)) for n in range(1, 100)]
    folder = data_folder(tmp_path / "data", sales_a=sales_text(*sales, *returns))
    tried = run(CHECK, "--data", folder, "--profile", "sample")[1]
    assert "20 of 20 records of returned units are rejected" in tried["returns_refused"]
    for _ in range(2):
        code, figures = ingest(lake, folder)
        assert (code, log.exists(lake, DAILY_SALES)) == (3, False)
        assert "20 of 20 records of returned units are rejected" in figures["error"]
    mended = every_feature(tmp_path)
    text = mended.read_text().replace("[sales]", "[sales]\nmost_returns_rejected = 1", 1)
    mended.write_text(text)
    code, figures = ingest(lake, folder, mended)
    assert (code, figures["live"], figures["rejected"]) == (0, 99, 20)


@pytest.mark.slow
@pytest.mark.usefixtures("spark")
def test_an_ingest_and_its_trial_say_which_ids_no_list_knows_and_which_months_have_no_sale(
    lake: Lake, tmp_path: Path
) -> None:
    lines = [
        sale_line(),
        sale_line(item_id="00010", date="05.07.2015"),
        sale_line(item_id="12"),
        sale_line(item_id="12", shop_id="9"),
        sale_line(item_cnt_day="-1"),
        sale_line(item_cnt_day="(3)", item_id="11"),
    ]
    folder = data_folder(tmp_path / "data", sales_a=sales_text(*lines))
    code, done = ingest(lake, folder)
    assert (code, done["gaps"]) == (0, ["2015-04 to 2015-06 (3 months)"])
    assert done["unlisted"] == {
        "shop_id": {"sales": 1, "ids": 1, "first": ["9"]},
        "item_id": {"sales": 3, "ids": 2, "first": ["12", "00010"]},
    }
    assert done["returns"] == {"taken": 1, "rejected": 1, "first_rejected": ["(3)"]}
    tried = run(CHECK, "--data", folder, "--profile", "sample")[1]
    assert {name: tried[name] for name in FIGURES} == {name: done[name] for name in FIGURES}
    assert tried["refused"] == []


@pytest.mark.slow
@pytest.mark.usefixtures("spark")
def test_a_file_of_which_too_much_is_rejected_is_refused_until_the_profile_allows_it(
    lake: Lake, tmp_path: Path
) -> None:
    folder = data_folder(tmp_path / "data", sales_a=sales_text(*[sale_line()] * 9))
    assert ingest(lake, folder)[0] == 0
    before = log.version(lake, DAILY_SALES), rows(lake, DAILY_SALES)
    spoilt = [sale_line(item_price="899,50") for _ in range(3)]
    (folder / "sales_b.csv").write_text(sales_text(*spoilt, sale_line(item_id="11")))
    tried = run(CHECK, "--data", folder, "--profile", "sample")[1]
    assert tried["refused"] == ["sales_b.csv"]
    for _ in range(2):
        code, figures = ingest(lake, folder)
        assert code == 3
        assert "sales_b.csv: 3 records, 75%, are rejected" in figures["error"]
        assert "most_rejected = 0.5" in figures["error"]
        assert (log.version(lake, DAILY_SALES), rows(lake, DAILY_SALES)) == before
    mended = every_feature(tmp_path)
    mended.write_text(mended.read_text().replace("[sales]", "[sales]\nmost_rejected = 0.8", 1))
    code, figures = ingest(lake, folder, mended)
    assert (code, figures["live"], figures["rejected"]) == (0, 1, 3)
