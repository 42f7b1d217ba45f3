from pathlib import Path

import pytest
from builders import data_folder, own_id_profile, sale_line, sales_text
from job_runs import run

from ingestion.reconciliation.reconciliation import ENDS
from jobs.check_profile import JOB
from jobs.ingest_history import JOB as INGEST
from lakehouse.lake import Lake

SALES = sales_text(
    sale_line(), sale_line(), sale_line(item_cnt_day="0"), sale_line(item_cnt_day="x"), "1,2"
)

pytestmark = pytest.mark.usefixtures("spark")


@pytest.mark.slow
def test_the_counts_are_those_of_ingesting(lake: Lake, tmp_path: Path) -> None:
    folder = data_folder(tmp_path / "data", sales_a=SALES, sales_b=sales_text(sale_line()))
    code, tried = run(JOB, "--data", folder, "--profile", "sample")
    done = run(INGEST, "--data", folder, "--profile", "sample", "--lake", lake.root)[1]
    names = ("files", "received", *ENDS, "rejected_by_reason", "catalogue_rejected")
    assert code == 0
    assert {name: tried[name] for name in names} == {name: done[name] for name in names}
    assert (tried["shops"], tried["items"]) == (2, 2)


def test_the_first_rows_are_shown_as_they_are_parsed(tmp_path: Path) -> None:
    folder = data_folder(tmp_path / "data", sales_a=SALES)
    rows = run(JOB, "--data", folder, "--profile", "sample", "--rows", 5)[1]["first_rows"]
    assert [row["outcome"] for row in rows] == [
        "sale",
        "sale",
        "not_a_sale",
        "rejected",
        "rejected",
    ]
    assert str(rows[0]["units"]) == "2.000"
    assert rows[3]["reasons"] == ["units_unparsable"]


def test_nothing_is_written(tmp_path: Path) -> None:
    folder = data_folder(tmp_path / "data", sales_a=SALES)
    before = sorted(tmp_path.rglob("*"))
    run(JOB, "--data", folder, "--profile", "sample")
    assert sorted(tmp_path.rglob("*")) == before


def test_a_users_own_profile_is_tried_out(tmp_path: Path) -> None:
    text = "op,updated_at,sale_id,price,units,item_id,shop_id,date"
    lines = [
        ",2016-01-01,a,1,2,10,1,2015-03-07",
        ",2016-01-02,a,1,3,10,1,2015-04-07",
        "cancel,2016-01-02,b,,,,,",
    ]
    folder = data_folder(tmp_path / "data", sales_a="\n".join([text, *lines]) + "\n")
    mine = tmp_path / "mine.toml"
    mine.write_text(own_id_toml())
    figures = run(JOB, "--data", folder, "--profile", mine)[1]
    assert [figures[end] for end in ENDS] == [1, 1, 1, 0, 0]


def own_id_toml() -> str:
    """The profile of builders.own_id_profile as a file."""
    columns = own_id_profile().sales.columns.model_dump(exclude_none=True)
    mapped = "\n".join(f'{name} = "{column}"' for name, column in columns.items())
    return f"""
name = "mine"
version = 1
currency = "EUR"
[sales]
files = ["sales*.csv"]
identity = "sale_id"
[sales.columns]
{mapped}
[shops]
file = "shops.csv"
columns = {{ shop_id = "shop_id", name = "shop_name" }}
[items]
file = "items.csv"
columns = {{ item_id = "item_id", name = "item_name" }}
"""
