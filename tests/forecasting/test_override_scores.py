"""Forecast value added: planners' numbers and the model's against the sales, worked out by hand."""

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from builders import events
from injection import Killed, hooked, kill_at
from small_lakes import NOW, no_spark, small_lake

from feature_store.build import Build
from features.feature_set import feature_set
from forecasting.override_scores import (
    list_due_overrides,
    score_overrides,
    store_override_scores,
    summarise,
)
from forecasting.scores import cells
from ingestion.sales.intake import merge_few_sales
from lakehouse.delta.arrow import read_table
from lakehouse.lake import Lake
from lakehouse.overrides import Override, append_overrides, read_overrides
from lakehouse.profile.stored import stored_profile
from lakehouse.tables.overrides import OVERRIDE_SCORES, OVERRIDES

JUNE, JULY = date(2015, 6, 1), date(2015, 7, 1)
IN_TIME, TOO_LATE = datetime(2015, 6, 5, tzinfo=UTC), datetime(2016, 1, 2, tzinfo=UTC)
assert IN_TIME < NOW < TOO_LATE, "months of a small lake are closed at NOW"


def sale(item_id: str, units: int, day: str = "10.06.2015") -> dict[str, str]:
    return {"date": day, "shop_id": "1", "item_id": item_id, "units": str(units), "price": "2"}


def planned(item_id: str, units: float | None, **values: Any) -> Override:
    """An override beside a forecast of 6 units."""
    fields = {"shop_id": "1", "month": JUNE, "reason": "promotion", "comment": None}
    fixed = {"author": "ann", "recorded_at": IN_TIME, "version": "v1", "forecast": 6.0}
    return Override(**{**fields, **fixed, "item_id": item_id, "units": units, **values})


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """In June shop 1 sold 10 units of item 10, 4 of item 11, and nothing of the others."""
    lake = small_lake(
        tmp_path / "lake", [sale("10", 10), sale("11", 4), sale("12", 1, "01.02.2015")]
    )
    overrides = [planned("10", 9.0), planned("11", 9.0, reason="event"), planned("12", 1.0)]
    append_overrides(lake, overrides)
    return lake


def score(lake: Lake) -> dict[str, object]:
    """Score what is due, as jobs.score_forecasts does, and return the sums."""
    features = feature_set(stored_profile(lake))
    scores = []
    for due in list_due_overrides(lake, cells(lake, features), None):
        of_month = score_overrides(lake, features, due)
        store_override_scores(lake, due, of_month, NOW)
        scores += of_month
    return summarise(scores)


def stored(lake: Lake) -> dict[str, tuple[float, ...]]:
    """Reason → rows, better, actual, units, forecast, model_error, override_error, fva."""
    rows = read_table(lake, OVERRIDE_SCORES).to_pylist()
    names = ("rows", "better", "actual", "units", "forecast")
    errors = ("model_error", "override_error", "fva")
    assert {(row["month"], row["shop_id"]) for row in rows} <= {(JUNE, "1")}
    return {row["reason"]: tuple(row[n] for n in (*names, *errors)) for row in rows}


def test_errors_and_value_added_are_those_worked_out_by_hand(lake: Lake) -> None:
    # Item 10: model |6 - 10| = 4, planner |9 - 10| = 1. Item 12: 6 and 1. Item 11: 2 and 5.
    sums = score(lake)
    assert stored(lake) == {
        "promotion": (2, 2, 10.0, 10.0, 12.0, 10.0, 2.0, 8.0),
        "event": (1, 0, 4.0, 9.0, 6.0, 2.0, 5.0, -3.0),
    }
    assert sums == {
        "months": 1,
        "rows": 3,
        "model_error": 12.0,
        "override_error": 7.0,
        "fva": 5.0,
        "fva_by_reason": {"event": -3.0, "promotion": 8.0},
    }
    assert score(lake)["months"] == 0, "scored once"


def test_only_the_newest_override_of_the_time_before_the_closing_counts(lake: Lake) -> None:
    append_overrides(lake, [planned("10", 10.0), planned("12", None, reason=None)])
    append_overrides(lake, [planned("11", 4.0, recorded_at=TOO_LATE, reason="event")])
    append_overrides(lake, [planned("13", 1.0, forecast=None), planned("14", 5.0, month=JULY)])
    score(lake)
    assert stored(lake) == {
        "promotion": (1, 1, 10.0, 10.0, 6.0, 4.0, 0.0, 4.0),
        "event": (1, 0, 4.0, 9.0, 6.0, 2.0, 5.0, -3.0),
    }


def test_late_sales_score_the_month_again_and_a_withdrawal_leaves_none(lake: Lake) -> None:
    score(lake)
    late = json.dumps(sale("11", 5, "11.06.2015")).encode()
    merge_few_sales(lake, events(late, source="late"), stored_profile(lake))
    Build.of(lake, no_spark).run()
    assert score(lake)["months"] == 1
    assert stored(lake)["event"] == (1, 1, 9.0, 9.0, 6.0, 3.0, 0.0, 3.0)
    gone = [planned(item, None, reason=None) for item in ("10", "11", "12")]
    append_overrides(lake, gone)
    score(lake)
    assert stored(lake) == {}
    assert score(lake)["months"] == 0


def test_a_lake_without_overrides_has_nothing_to_score(tmp_path: Path) -> None:
    lake = small_lake(tmp_path / "lake", [sale("10", 10)])
    assert score(lake)["rows"] == 0


def test_a_write_that_is_cut_off_leaves_all_or_nothing(lake: Lake) -> None:
    with pytest.raises(Killed), hooked(kill_at(f"before {OVERRIDES.path}")):
        append_overrides(lake, [planned("13", 1.0)])
    assert [o.item_id for o in read_overrides(lake)] == ["10", "11", "12"]
    assert append_overrides(lake, [planned("13", 1.0)]) == 2
    with pytest.raises(Killed), hooked(kill_at(f"before {OVERRIDE_SCORES.path}")):
        score(lake)
    assert score(lake)["rows"] == 4
