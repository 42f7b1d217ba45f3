"""Lakes of few sales, made in this process without Spark."""

import json
import random
import shutil
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from builders import events, profile
from job_runs import run

from feature_store.build import Build
from ingestion import lake_months
from ingestion.sales.intake import merge_few_sales
from jobs import build_panel
from lakehouse.delta import creation
from lakehouse.delta.upserts import upsert_rows
from lakehouse.lake import Lake
from lakehouse.month_range import MonthRange
from lakehouse.profile.profile import Profile
from lakehouse.profile.stored import claim_lake, stored_profile
from lakehouse.storage import local_path
from lakehouse.tables.silver import DAILY_OFFERS, DAILY_SALES, ITEMS, REPLACED_DAYS, SHOPS

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

HISTORY = MonthRange(date(2015, 1, 1), date(2015, 7, 1))
SHOP_IDS, ITEM_IDS = ("1", "2", "3"), tuple(str(i) for i in range(10, 18))
NOW = datetime(2016, 1, 1, tzinfo=UTC)
Sale = Mapping[str, Any]


def no_spark() -> "SparkSession":
    """Few rows need none."""
    raise AssertionError("Spark was asked for")


def random_sales(seed: int, count: int, months: MonthRange = HISTORY) -> list[Sale]:
    """Draw sales of the months."""
    chosen = random.Random(seed)
    days = (months.last - months.first).days + 28
    return [
        {
            "date": (months.first + timedelta(chosen.randrange(days))).strftime("%d.%m.%Y"),
            "shop_id": chosen.choice(SHOP_IDS),
            "item_id": chosen.choice(ITEM_IDS),
            "units": str(chosen.choice([1, 1, 2, 3, -1])),
            "price": f"{chosen.randint(100, 999) / 100}",
        }
        for _ in range(count)
    ]


def day_of(sale: Sale) -> date:
    """The business date of a sale."""
    return datetime.strptime(sale["date"], "%d.%m.%Y").date()


def listed(item_ids: Iterable[str] = ITEM_IDS, **dates: date) -> list[dict[str, Any]]:
    """Rows of silver.items, two to a category; ``item_10=date`` says when one was listed."""
    return [
        {
            "item_id": item,
            "name": None,
            "category_id": str(int(item) // 2),
            "category_name": None,
            "listed_on": dates.get(f"item_{item}"),
            "attributes": [],
            "updated_at": NOW,
        }
        for item in item_ids
    ]


def small_lake(
    folder: Path,
    sales: Iterable[Sale],
    meaning: Profile | None = None,
    items: list[dict[str, Any]] | None = None,
    months: MonthRange = HISTORY,
) -> Lake:
    """Make a lake of sales with its cells and features; the last month is open."""
    lake = Lake.at(str(folder))
    claim_lake(lake, meaning or profile())
    for table in (DAILY_SALES, DAILY_OFFERS, REPLACED_DAYS, SHOPS, ITEMS):
        creation.create_table(lake, table)
    values = [json.dumps(sale).encode() for sale in sales]
    merge_few_sales(lake, events(*values), stored_profile(lake))
    upsert_rows(
        lake, ITEMS, pa.Table.from_pylist(listed() if items is None else items, ITEMS.schema)
    )
    lake_months.upsert_months(lake, lake_months.closed_rows(months, NOW, is_last_open=True))
    Build.of(lake, no_spark).run()
    return lake


def copy_lake(lake: Lake, folder: Path) -> Lake:
    """Copy a lake, for a test that changes it."""
    shutil.copytree(local_path(lake.root), folder)
    return Lake.at(str(folder))


def assemble_panels(lake: Lake, horizons: str = "1", spine: str = "assortment") -> None:
    """Assemble the panels of a lake."""
    arguments = ("--lake", lake.root, "--spine", spine, "--horizons", horizons)
    code, figures = run(build_panel.JOB, *arguments)
    assert code == 0, figures
