"""Files of optional inputs on their whole way: to silver, into the panel, and back in time."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from builders import data_folder, sale_line, sales_text
from input_files import FILES, profile_of_inputs, write
from job_runs import run

from features.feature_set import feature_set, panel_table
from forecasting.withdrawn import count_by_reason, drop_withdrawn, with_reason
from ingestion.inputs import intake
from jobs import build_features, build_panel, ingest_history
from lakehouse.delta import log, work
from lakehouse.delta.arrow import read_table
from lakehouse.lake import Lake
from lakehouse.profile.stored import stored_profile
from lakehouse.tables.inputs import DELISTINGS, INPUTS, PLANNED_PRICES, PROMOTIONS

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.slow
FIRST, LATER = datetime(2020, 1, 1, tzinfo=UTC), datetime(2020, 1, 9, tzinfo=UTC)


def ingest(lake: Lake, folder: Path, now: datetime) -> dict[str, Any]:
    given = ("--lake", lake.root, "--data", folder, "--profile", folder / "mine.toml")
    code, figures = run(ingest_history.JOB, *given, now=now)
    assert code == 0, figures
    return figures


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sales of two shops and two items in three months, every input, and its profile."""
    made = tmp_path_factory.mktemp("input_lists")
    days = ("05.01.2015", "05.02.2015", "05.03.2015", "05.04.2015")
    sales = [
        sale_line(date=day, shop_id=shop, item_id=item)
        for day in days
        for shop in (1, 2)
        for item in (10, 11)
    ]
    data_folder(made, sales_a=sales_text(*sales))
    write(made, **FILES)
    (made / "mine.toml").write_text(profile_of_inputs())
    return made


@pytest.fixture(scope="module")
def lake(folder: Path, tmp_path_factory: pytest.TempPathFactory, spark: object) -> Lake:  # noqa: ARG001
    made = Lake.at(str(tmp_path_factory.mktemp("lake") / "lake"))
    figures = ingest(made, folder, FIRST)
    assert {name: one["received"] - one["rejected"] for name, one in figures["inputs"].items()} == {
        "promotions": 2, "planned_prices": 1, "stock_outs": 1, "shop_dates": 2, "delistings": 1
    }  # fmt: skip
    return made


def april(lake: Lake) -> list[dict[str, Any]]:
    """Build, and return the rows of April's panel."""
    for job in (build_features.JOB, build_panel.JOB):
        code, figures = run(job, "--lake", lake.root)
        assert code == 0, figures
    return rows(lake)


def rows(lake: Lake) -> list[dict[str, Any]]:
    table = panel_table(feature_set(stored_profile(lake)), "assortment")
    return read_table(lake, table, filters=[("month", "=", date(2015, 4, 1))]).to_pylist()


def test_lists_come_into_the_panel_and_their_last_record_wins(lake: Lake) -> None:
    (row,) = april(lake)
    assert (row["shop_id"], row["item_id"]) == ("1", "10"), "shop 2 closed, item 11 was delisted"
    assert row["promotion_share"] == 0.25
    assert (row["planned_price"], row["planned_price_change"]) == (8, pytest.approx(8 / 9.5))
    assert (row["stock_days_lag_1"], row["units_per_stock_day_1"]) == (20, pytest.approx(0.1))
    assert row["shop_open_days"] == 30


def test_a_pair_that_is_gone_has_a_reason_and_no_number(lake: Lake, spark: "SparkSession") -> None:
    pairs = [("0", "1", "10"), ("1", "2", "10"), ("2", "1", "11"), ("3", "2", "11")]
    asked = spark.sql(
        f"SELECT * FROM VALUES {', '.join(map(str, pairs))} AS t(ID, shop_id, item_id)"
    )
    declared = stored_profile(lake)
    found = with_reason(lake, declared, asked, date(2015, 4, 1))
    assert found.columns == ["ID", "shop_id", "item_id", "reason"]
    assert {row["ID"]: row["reason"] for row in found.toArrow().to_pylist()} == {
        "0": None, "1": "shop closed", "2": "item delisted", "3": "shop closed"
    }  # fmt: skip
    assert count_by_reason(found) == {"item delisted": 1, "shop closed": 2}
    kept = drop_withdrawn(lake, declared, asked, date(2015, 4, 1)).toArrow()
    assert kept.to_pylist() == [{"ID": "0", "shop_id": "1", "item_id": "10"}]
    before = with_reason(lake, declared, asked, date(2015, 3, 1)).toArrow()
    assert before["reason"].null_count == len(pairs)


def test_many_records_end_as_few_do(
    lake: Lake, tmp_path: Path, spark: "SparkSession", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "FEW_RECORDS", 0)
    other, meaning = Lake.at(str(tmp_path / "other")), stored_profile(lake)
    for name in ("promotions", "delistings"):
        table = INPUTS[name].table
        counts = intake.InputIntake(lambda: spark, name, meaning).merge(lake, other, [])
        assert counts.received - counts.rejected == (2 if name == "promotions" else 1)
        assert read_table(other, table).to_pylist() == read_table(lake, table).to_pylist()


def test_lists_that_did_not_change_are_not_taken_in_again(lake: Lake, folder: Path) -> None:
    before = [log.version(lake, source.table) for source in INPUTS.values()]
    assert ingest(lake, folder, FIRST)["inputs"] == {}
    assert [log.version(lake, source.table) for source in INPUTS.values()] == before


def test_a_later_file_wins_and_known_at_restores_the_earlier(lake: Lake, folder: Path) -> None:
    (then,) = april(lake)
    write(
        folder,
        planned_prices="shop_id,item_id,month,price\n1,10,2015-04,7\n",
        delistings="item_id,delisted_on\n11,\n",
    )
    assert set(ingest(lake, folder, LATER)["inputs"]) == {"planned_prices", "delistings"}
    assert {row["item_id"]: row["planned_price"] for row in april(lake)} == {"10": 7, "11": None}
    assert log.row_count(lake, PLANNED_PRICES.table) == log.row_count(lake, PROMOTIONS.table) == 1
    assert read_table(lake, DELISTINGS.table, ["delisted_on"])["delisted_on"].null_count == 1
    for at in (FIRST, datetime(2015, 5, 1, tzinfo=UTC)):
        given = ("--lake", lake.root, "--known-at", at.isoformat())
        code, figures = run(build_panel.JOB, *given)
        assert code == 0, figures
        (row,) = rows(Lake(figures["lake"]))
        assert row | {"target": None} == then | {"target": None}
