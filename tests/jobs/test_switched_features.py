"""A block of features that a profile switches off or on again: the lake is what a rebuild makes."""

import json
from pathlib import Path

import pytest
from builders import events, profile
from job_runs import run
from small_lakes import ITEM_IDS, assemble_panels, no_spark, random_sales, small_lake

from feature_store.build import Build
from features.feature_set import feature_set
from features.tables import features_table, monthly_table
from ingestion.sales.intake import merge_few_sales
from jobs import maintain
from lakehouse.delta import log
from lakehouse.delta.arrow import read_table
from lakehouse.lake import Lake
from lakehouse.profile.features import Features
from lakehouse.profile.profile import Profile
from lakehouse.profile.stored import claim_lake, stored_profile

pytestmark = pytest.mark.slow

SALES = list(random_sales(5, 200))
LATE = {**SALES[0], "date": SALES[0]["date"], "units": "3", "price": "7.5", "item_id": ITEM_IDS[1]}


def without(*blocks: str) -> Profile:
    return profile().model_copy(update={"features": Features(without=list(blocks))})


def switched(lake: Lake, meaning: Profile) -> None:
    """Take another profile, build, take in a late sale, build again."""
    claim_lake(lake, meaning)
    Build.of(lake, no_spark).run()
    merge_few_sales(lake, events(json.dumps(LATE).encode()), stored_profile(lake))
    Build.of(lake, no_spark).run()


def assert_equal(lake: Lake, rebuilt: Lake) -> None:
    for group in feature_set(stored_profile(lake)).groups:
        for table in (monthly_table(group), features_table(group)):
            order = [(name, "ascending") for name in table.key]
            found, wanted = (read_table(one, table).sort_by(order) for one in (lake, rebuilt))
            assert found.equals(wanted), table.path


@pytest.mark.parametrize(
    ("block", "is_off_first"),
    [
        ("price", True),
        *(
            pytest.param(block, is_off_first, marks=pytest.mark.slow)
            for block in ("price", "exposure", "calendar", "cold start in a shop")
            for is_off_first in (True, False)
            if (block, is_off_first) != ("price", True)
        ),
    ],
)
def test_after_a_switch_and_a_late_sale_tables_are_what_a_rebuild_makes(
    tmp_path: Path, block: str, is_off_first: bool
) -> None:
    before, after = (without(block), without())[:: 1 if is_off_first else -1]
    lake = small_lake(tmp_path / "lake", SALES, before)
    switched(lake, after)
    assert_equal(lake, small_lake(tmp_path / "rebuilt", [*SALES, LATE], after))
    assemble_panels(lake)


@pytest.mark.slow
def test_upkeep_removes_the_tables_of_groups_that_are_switched_off(tmp_path: Path) -> None:
    lake = small_lake(tmp_path / "lake", SALES, without())
    gone = {f"{layer}_{name}" for name in GONE for layer in ("silver/monthly", "gold/features")}
    claim_lake(lake, without("cold start in a shop", "region"))
    assert run(maintain.JOB, "--lake", lake.root)[1]["tables_removed"] == sorted(
        gone, key=lambda path: (not path.startswith("silver"), path)
    )
    assert not any((tmp_path / "lake" / path).exists() for path in gone)
    for group in feature_set(stored_profile(lake)).groups:
        assert log.exists(lake, monthly_table(group))
    assert "tables_removed" not in run(maintain.JOB, "--lake", lake.root)[1]
    switched(lake, without())
    assert_equal(lake, small_lake(tmp_path / "rebuilt", [*SALES, LATE], without()))


GONE = ("shop_category_age", "city")
