"""A panel that is not what the declarations make of the lake is not learned from."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from builders import events
from job_runs import run
from small_lakes import HISTORY, assemble_panels, copy_lake, no_spark, random_sales, small_lake

from feature_store.build import Build
from feature_store.panel.checks import require_fit_panel
from feature_store.panel.rows import PanelRows
from features.feature_set import feature_set
from features.tables import features_table
from ingestion.sales.intake import merge_few_sales
from jobs import build_features, build_panel
from lakehouse.delta import creation, log
from lakehouse.errors import RefusedError
from lakehouse.lake import Lake
from lakehouse.month_range import plus_months
from lakehouse.profile.stored import stored_profile

LATE = {"date": "05.02.2015", "shop_id": "1", "item_id": "10", "units": "4", "price": "1"}


@pytest.fixture(scope="module")
def assembled(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    lake = small_lake(tmp_path_factory.mktemp("panel") / "lake", random_sales(1, 60))
    assemble_panels(lake)
    return lake


@pytest.fixture
def panel(assembled: Lake, tmp_path: Path) -> PanelRows:
    lake = copy_lake(assembled, tmp_path / "lake")
    features = feature_set(stored_profile(lake))
    return PanelRows(lake, features, "assortment", tuple(HISTORY)[3:])


def sell(lake: Lake, *sales: Mapping[str, Any]) -> None:
    values = [json.dumps(sale).encode() for sale in sales]
    merge_few_sales(lake, events(*values, source="late"), stored_profile(lake))
    Build.of(lake, no_spark).run()


def test_a_fresh_panel_is_fit(panel: PanelRows) -> None:
    require_fit_panel(panel)


def test_a_late_sale_makes_it_stale_until_it_is_assembled_again(panel: PanelRows) -> None:
    sell(panel.lake, LATE)
    with pytest.raises(RefusedError) as refusal:
        require_fit_panel(panel)
    assert "gold/panel: features, catalogue or code changed since" in str(refusal.value)
    assert "jobs.build_panel --spine assortment --horizons 1." in str(refusal.value)
    require_fit_panel(panel, may_be_stale=True)
    assemble_panels(panel.lake)
    require_fit_panel(panel)


def test_a_month_that_is_missing_is_named(panel: PanelRows) -> None:
    later = panel.of([*panel.months, plus_months(HISTORY.last, 1)])
    with pytest.raises(RefusedError, match=r"gold/panel lacks 2015-08; run"):
        require_fit_panel(later, may_be_stale=True)


def test_a_panel_that_was_never_assembled_is_refused_with_the_command(panel: PanelRows) -> None:
    with pytest.raises(RefusedError, match=r"gold/panel_h2 lacks .* --horizons 2"):
        require_fit_panel(replace(panel, horizon=2))


def test_columns_that_are_not_declared_are_named(panel: PanelRows) -> None:
    fewer = replace(panel.features, calendar=panel.features.calendar[1:])
    gone = panel.features.calendar[0].name
    with pytest.raises(RefusedError) as refusal:
        require_fit_panel(replace(panel, features=fewer))
    assert f"missing: none; no longer declared: {gone}" in str(refusal.value)
    assert "jobs.build_panel --spine assortment --horizons 1 --rebuild." in str(refusal.value)


def test_a_panel_of_features_with_other_columns_asks_for_build_features(tmp_path: Path) -> None:
    """As after an upgrade that declares other measures, before anything was built again."""
    lake = small_lake(tmp_path / "lake", random_sales(3, 60))
    table = features_table(feature_set(stored_profile(lake)).groups[0])
    older = replace(table, columns=table.columns[:-1])
    shutil.rmtree(tmp_path / "lake" / older.path)
    log.forget()
    creation.create_table(lake, older)
    code, figures = run(build_panel.JOB, "--lake", lake.root)
    assert code == 3
    assert figures["error"].startswith(
        "gold/features_shop_item: its columns are not those declared"
    )
    assert "run jobs.build_features, then" in figures["error"]
    assert run(build_features.JOB, "--lake", lake.root)[0] == 0
    assert run(build_panel.JOB, "--lake", lake.root)[0] == 0
