from datetime import date
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from builders import MIDNIGHT

from ingestion.reconciliation.control_totals import compare, read_control
from lakehouse.delta.arrow import append_rows
from lakehouse.errors import SourceError
from lakehouse.lake import Lake
from lakehouse.profile.date_format import ISO
from lakehouse.tables.silver import DAILY_SALES, SHOPS

DAY = date(2015, 3, 7)


def control_file(folder: Path, *lines: str) -> str:
    path = folder / "control.csv"
    path.write_text("\n".join(["shop_id,date,rows,units,revenue", *lines]) + "\n")
    return str(path)


@pytest.fixture
def sales(lake: Lake) -> Lake:
    """Shop 1 and its alias 0 sold twice on one day; shop 2 once without a price, once cancelled."""
    shops = [("0", "1"), ("1", None), ("2", None)]
    append_rows(
        lake,
        SHOPS,
        pa.Table.from_pylist(
            [
                {"shop_id": shop, "alias_of": alias, "attributes": [], "updated_at": MIDNIGHT}
                for shop, alias in shops
            ],
            SHOPS.schema,
        ),
    )
    lines = [("0", 2, "9.999999", False), ("1", -1, "1", False), ("2", 1, None, False),
             ("2", 5, "3", True)]  # fmt: skip
    rows = [
        {
            "sale_id": str(number),
            "date": DAY,
            "month": DAY.replace(day=1),
            "shop_id": shop,
            "item_id": "10",
            "units": Decimal(units),
            "price": price and Decimal(price),
            "updated_at": MIDNIGHT,
            "is_cancelled": is_cancelled,
            "source": "s",
            "partition": 0,
            "offset": number,
            "ingested_at": MIDNIGHT,
        }
        for number, (shop, units, price, is_cancelled) in enumerate(lines)
    ]
    append_rows(lake, DAILY_SALES, pa.Table.from_pylist(rows, DAILY_SALES.schema))
    return lake


def test_totals_are_compared_by_shop_and_day_after_aliases(sales: Lake, tmp_path: Path) -> None:
    path = control_file(
        tmp_path, "1,07.03.2015,1,-1,-1", "0,2015-03-07,1,2,20.00", "2,2015-03-07,1,1,"
    )
    found = compare(sales, read_control(path, "dd.MM.yyyy"))
    assert (found.agree, found.disagree) == (2, [])
    assert (found.missing_here, found.missing_there) == ([], [])


def test_totals_that_differ_are_named(sales: Lake, tmp_path: Path) -> None:
    found = compare(sales, read_control(control_file(tmp_path, "1,2015-03-07,3,1,18.98"), ISO))
    assert found.disagree == [
        "shop 1 on 2015-03-07: rows 2 in the lake, 3.000000 in the till, "
        "revenue 19.0000 in the lake, 18.980000 in the till"
    ]
    assert found.missing_there == ["shop 2 on 2015-03-07"]


def test_days_that_the_control_file_does_not_span_are_not_missed(
    sales: Lake, tmp_path: Path
) -> None:
    found = compare(sales, read_control(control_file(tmp_path, "1,2015-03-08,1,1,1"), ISO))
    assert (found.missing_here, found.missing_there) == (["shop 1 on 2015-03-08"], [])


@pytest.mark.parametrize("line", ["1,2015-13-01,1,1,1", "1,2015-03-07,x,1,1", ",2015-03-07,1,1,1"])
def test_a_line_that_cannot_be_read_is_named(line: str, tmp_path: Path) -> None:
    path = control_file(tmp_path, "1,2015-03-07,1,1,1", line)
    with pytest.raises(SourceError, match=r"control\.csv: line 3: cannot read"):
        read_control(path, "dd.MM.yyyy")


def test_a_file_without_the_columns_is_refused(tmp_path: Path) -> None:
    (tmp_path / "control.csv").write_text("shop_id,date\n1,2015-03-07\n")
    with pytest.raises(SourceError, match="not a CSV file with the columns shop_id, date, rows"):
        read_control(str(tmp_path / "control.csv"), "dd.MM.yyyy")
