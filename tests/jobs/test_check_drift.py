"""The drift check compares a month with the same month a year before, and only hints."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from injection import Killed, hooked, kill_at
from job_runs import run
from small_lakes import assemble_panels, copy_lake, small_lake

from jobs import check_drift
from lakehouse.delta import log
from lakehouse.delta.arrow import read_table
from lakehouse.lake import Lake
from lakehouse.month_range import MonthRange
from lakehouse.tables.gold import DRIFT

pytestmark = pytest.mark.slow
MONTHS = MonthRange(date(2014, 1, 1), date(2015, 7, 1))


def sales(rise: int) -> Iterator[dict[str, object]]:
    """Sales of every month with a season; from the spring of 2015 on, ``rise`` times as many."""
    for number, month in enumerate(MONTHS):
        season = 4 if month.month in (6, 7, 8) else 1
        factor = rise if month >= date(2015, 4, 1) else 1
        for shop in range(6):
            for item in range(30):
                yield {
                    "sale_id": f"{number}-{shop}-{item}",
                    "date": f"{month:%Y-%m}-{1 + item % 27:02}",
                    "shop_id": str(shop),
                    "item_id": str(item),
                    "units": (1 + (item * 7 + shop) % 5) * season * factor,
                    "price": "10",
                }


def lake_of(folder: Path, rise: int) -> Lake:
    lake = small_lake(folder, list(sales(rise)), None, [], MONTHS)
    assemble_panels(lake)
    return lake


@pytest.fixture(scope="module")
def steady(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    return lake_of(tmp_path_factory.mktemp("steady") / "lake", 1)


def test_a_season_is_no_drift(steady: Lake, tmp_path: Path) -> None:
    lake = copy_lake(steady, tmp_path / "lake")
    code, figures = run(check_drift.JOB, "--lake", lake.root)
    assert code == 0, figures
    rows = read_table(lake, DRIFT).to_pylist()
    assert figures["compared"] == len(rows) > 50
    target = next(row for row in rows if row["kind"] == "target")
    assert (target["month"], target["reference"]) == (date(2015, 6, 1), date(2014, 6, 1))
    assert target["rows"] == target["reference_rows"] == 180
    assert not target["is_drifted"]


def test_a_rise_is_drift_and_the_command_ends_well(tmp_path: Path) -> None:
    lake = lake_of(tmp_path / "lake", 9)
    code, figures = run(check_drift.JOB, "--lake", lake.root)
    assert code == 0, figures
    drifted = [row for row in read_table(lake, DRIFT).to_pylist() if row["is_drifted"]]
    assert "target" in {row["kind"] for row in drifted}
    assert figures["drifted"] == len(drifted) > 5


def test_a_second_check_adds_its_rows(steady: Lake, tmp_path: Path) -> None:
    lake = copy_lake(steady, tmp_path / "lake")
    counts = []
    for _ in range(2):
        assert run(check_drift.JOB, "--lake", lake.root)[0] == 0
        counts.append(len(read_table(lake, DRIFT)))
    assert counts[1] == 2 * counts[0]


def test_a_write_that_is_cut_off_leaves_nothing(steady: Lake, tmp_path: Path) -> None:
    lake = copy_lake(steady, tmp_path / "lake")
    with pytest.raises(Killed), hooked(kill_at("before gold/drift")):
        run(check_drift.JOB, "--lake", lake.root)
    assert not log.exists(lake, DRIFT) or not len(read_table(lake, DRIFT))
    assert run(check_drift.JOB, "--lake", lake.root)[0] == 0


def test_a_short_history_is_refused(tmp_path: Path) -> None:
    months = MonthRange(date(2015, 1, 1), MONTHS.last)
    few = [sale for sale in sales(1) if str(sale["date"]) >= "2015"]
    lake = small_lake(tmp_path / "lake", few, None, [], months)
    assemble_panels(lake)
    code, figures = run(check_drift.JOB, "--lake", lake.root)
    assert code == 3
    assert "lacks 2015-07 or 2014-07" in figures["error"]
    assert not log.exists(lake, DRIFT)
