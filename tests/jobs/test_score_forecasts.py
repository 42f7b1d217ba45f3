"""Served forecasts against what was sold: numpy finds the same errors, also after late sales."""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from builders import events
from job_runs import NOW, run
from small_lakes import ITEM_IDS, SHOP_IDS, no_spark, random_sales, small_lake

from feature_store.build import Build
from features.feature_set import feature_set
from features.tables import monthly_table
from ingestion.sales.intake import merge_few_sales
from jobs import score_forecasts
from lakehouse.delta.arrow import append_rows, read_table
from lakehouse.lake import Lake
from lakehouse.overrides import Override, append_overrides
from lakehouse.profile.stored import stored_profile
from lakehouse.tables.gold import FORECAST_SCORES, FORECAST_VERSIONS, FORECASTS

MAY, JUNE = date(2015, 5, 1), date(2015, 6, 1)
LATE = {"date": "05.06.2015", "shop_id": "1", "item_id": "10", "units": "9", "price": "1"}
PAIRS = [(shop, item) for shop in SHOP_IDS for item in ITEM_IDS]
# Item 17 never sold.
SALES = [sale for sale in random_sales(5, 300) if sale["item_id"] != "17"]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.usefixtures("spark"),
    # MLflow's own imports and its client of SQLAlchemy warn; nothing of ours does.
    pytest.mark.filterwarnings("default"),
]


def forecast(number: int, shop_id: str, item_id: str) -> dict[str, Any]:
    """Half a unit more for each pair, in an interval of a unit to both sides."""
    units = number / 2
    quantiles = {"p10": max(0, units - 1), "p50": units, "p90": units + 1, "p95": units + 2}
    ids = {"shop_id": shop_id, "item_id": item_id, "month": JUNE, "cutoff": MAY, "horizon": 1}
    fixed = {"rung": "own history", "model": "run-1", "generated_at": NOW, "version": "v1"}
    return {**ids, **fixed, **quantiles, "units": units}


def publish(lake: Lake) -> None:
    rows = [forecast(number, *pair) for number, pair in enumerate(PAIRS)]
    append_rows(lake, FORECASTS, pa.Table.from_pylist(rows, FORECASTS.schema))
    inputs = json.dumps({"models": {"1": "run-1", "2": "run-2"}})
    version = {"version": "v1", "cutoff": MAY, "model": "run-1,run-2", "inputs": inputs}
    state = {"rows": len(rows), "status": "published", "published_at": NOW, "withdrawn_at": None}
    table = pa.Table.from_pylist([{**version, **state}], FORECAST_VERSIONS.schema)
    append_rows(lake, FORECAST_VERSIONS, table)


def sold(lake: Lake, month: date) -> dict[tuple[str, str], float]:
    """Return what each pair with a sale sold in a month."""
    cells = monthly_table(feature_set(stored_profile(lake)).groups[0])
    found = read_table(lake, cells, filters=[("month", "=", month)]).to_pylist()
    return {(row["shop_id"], row["item_id"]): float(row["target"]) for row in found}


def scores(lake: Lake) -> dict[tuple[str, str, str], Mapping[str, Any]]:
    rows = read_table(lake, FORECAST_SCORES).to_pylist()
    found = {(row["segment"], row["value"], row["model"]): row for row in rows}
    assert len(found) == len(rows), "a score is there once"
    return found


def assert_as_numpy_finds(lake: Lake, pairs: list[tuple[str, str]], place: tuple[str, str]) -> None:
    actual = np.array([sold(lake, JUNE).get(pair, 0.0) for pair in pairs])
    units = np.array([PAIRS.index(pair) / 2 for pair in pairs])
    before = np.array([sold(lake, MAY).get(pair, 0.0) for pair in pairs])
    served, naive = (scores(lake)[*place, name] for name in ("served", "last_month"))
    within = (np.maximum(units - 1, 0) <= actual) & (actual <= units + 1)
    assert (served["rows"], served["horizon"], served["run"]) == (len(pairs), 1, "run-1")
    assert served["rmse"] == pytest.approx(np.sqrt(((units - actual) ** 2).mean()))
    assert served["bias"] == pytest.approx((units - actual).mean())
    assert served["coverage"] == pytest.approx(within.mean())
    if actual.any():
        assert served["wape"] == pytest.approx(np.abs(units - actual).sum() / np.abs(actual).sum())
    assert naive["rmse"] == pytest.approx(np.sqrt(((before - actual) ** 2).mean()))
    assert naive["coverage"] is None


def test_a_closed_month_is_scored_and_again_when_late_sales_change_it(tmp_path: Path) -> None:
    lake = small_lake(tmp_path / "lake", SALES)
    code, figures = run(score_forecasts.JOB, "--lake", lake.root)
    assert code == 3
    assert "nothing was forecast yet" in figures["error"]

    publish(lake)
    fields = {"reason": "event", "comment": None, "author": "ann", "version": "v1"}
    seen = {"recorded_at": datetime(2015, 6, 5, tzinfo=UTC), "forecast": 0.0}
    planned = Override("1", "10", JUNE, sold(lake, JUNE).get(("1", "10"), 0.0), **fields, **seen)
    append_overrides(lake, [planned])
    code, figures = run(score_forecasts.JOB, "--lake", lake.root)
    assert (code, figures["scored"]) == (0, 1), figures
    beside = figures["override_scores"]
    assert (beside["rows"], beside["override_error"]) == (1, 0.0)
    assert beside["fva"] == beside["fva_by_reason"]["event"] == abs(planned.units or 0.0)
    assert figures["retrain_due"] is True
    assert figures["reasons"] == [
        "horizon 1: there is no champion.",
        "horizon 2: there is no champion.",
    ]
    assert_as_numpy_finds(lake, PAIRS, ("all", "all"))
    never = [pair for pair in PAIRS if pair[1] == "17"]
    assert_as_numpy_finds(lake, never, ("item", "new"))

    assert run(score_forecasts.JOB, "--lake", lake.root)[1]["scored"] == 0
    before = scores(lake)["all", "all", "served"]
    merge_few_sales(lake, events(json.dumps(LATE).encode(), source="late"), stored_profile(lake))
    Build.of(lake, no_spark).run()
    later = NOW + timedelta(days=1)
    assert run(score_forecasts.JOB, "--lake", lake.root, now=later)[1]["scored"] == 1
    after = scores(lake)["all", "all", "served"]
    assert after["volume"] > before["volume"]
    assert (after["cells"] != before["cells"], after["scored_at"]) == (True, later)
    assert_as_numpy_finds(lake, PAIRS, ("all", "all"))
