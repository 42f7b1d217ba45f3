"""How long the oldest change waits for its features is told whenever it is asked."""

import json
import math
import time
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from builders import events, profile, record
from small_lakes import HISTORY, copy_lake, no_spark, random_sales, small_lake

from ingestion.catalogue.messages import merge_messages
from ingestion.sales.intake import merge_few_sales
from lakehouse.delta import log
from lakehouse.delta.upkeep import compact
from lakehouse.lake import Lake
from lakehouse.profile.stored import stored_profile
from lakehouse.tables.silver import DAILY_SALES
from streaming.queries import refresh as refresh_module
from streaming.queries.metrics import RefreshMetrics
from streaming.queries.refresh import Refresh
from streaming.queries.waiting import seconds_waiting

OPEN, LATE = "2015-07-09", "2015-02-09"


@pytest.fixture(scope="module")
def refreshed(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A lake whose features show all its sales, as a refresh has found out."""
    made = small_lake(tmp_path_factory.mktemp("waiting") / "lake", random_sales(1, 40))
    assert math.isnan(seconds_waiting(made)), "no refresh has looked yet"
    refreshing(made)(is_last=True)
    return made


@pytest.fixture
def lake(refreshed: Lake, tmp_path: Path) -> Lake:
    """A copy of the lake, for a test that changes it."""
    return copy_lake(refreshed, tmp_path / "lake")


def refreshing(lake: Lake) -> Refresh:
    return Refresh(lake, no_spark, RefreshMetrics())


def sell(lake: Lake, day: str, offset: int) -> None:
    value = record(item_id="10", date=day)
    merge_few_sales(lake, events(value, source="till", offsets=[offset]), stored_profile(lake))


def asked(refresh: Refresh) -> float:
    """The gauge, as a scrape reads it."""
    value = refresh.metrics.registry.get_sample_value("shopcast_refresh_lag_seconds")
    assert value is not None
    return value


def test_nothing_waits_where_features_show_every_sale(lake: Lake) -> None:
    refresh = refreshing(lake)
    assert asked(refresh) == 0
    compact(lake, DAILY_SALES, 0)
    assert asked(refresh) == 0, "files that are joined are no change"


def test_a_sale_waits_from_its_commit_while_no_refresh_runs(lake: Lake) -> None:
    """Whoever asks: a process that has just begun, or one whose refresh ended."""
    ended = refreshing(lake)
    ended()
    sell(lake, OPEN, 0)
    time.sleep(0.05)
    sell(lake, OPEN, 1)
    first = asked(ended)
    assert first >= 0.05
    time.sleep(0.05)
    assert asked(ended) >= first + 0.05
    assert asked(refreshing(lake)) >= first + 0.05
    ended()
    assert asked(ended) == asked(refreshing(lake)) == 0


def test_a_sale_waits_while_the_refresh_hangs(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    refresh, told = refreshing(lake), list[float]()
    refresh()
    sell(lake, OPEN, 0)

    def hang(*_: Any, **__: Any) -> None:
        for _ in range(3):
            time.sleep(0.03)
            told.append(asked(refresh))
        raise KeyboardInterrupt

    monkeypatch.setattr(refresh_module.Build, "features", hang)
    with pytest.raises(KeyboardInterrupt):
        refresh()
    assert told == sorted(set(told))
    assert asked(refresh) >= told[-1]


def test_a_late_sale_waits_until_every_month_that_it_alters_is_done(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While sales of the open month come and are done at once."""
    refresh = refreshing(lake)
    refresh._turn = time.monotonic()
    refresh()
    monkeypatch.setattr(refresh_module, "STALE_SECONDS", 3600)
    sell(lake, LATE, 0)
    for offset in range(1, 4):
        before = time.time()
        sell(lake, OPEN, offset)
        refresh()
        assert refresh.stale_months
        assert asked(refresh) > time.time() - before, "older than the last sale"
    assert asked(refreshing(lake)) == pytest.approx(asked(refresh), abs=0.5), "also after a start"
    while refresh(is_last=True):
        pass
    assert asked(refresh) == 0


def test_a_change_of_the_catalogue_waits_too(lake: Lake) -> None:
    refresh = refreshing(lake)
    refresh()
    item = {"item_id": "10", "name": "Lamp", "category_id": "6", "category_name": "Books"}
    value = json.dumps({"items": [item], "updated_at": "2036-01-01T00:00:00Z"}).encode()
    merge_messages(lake, events(value, source="catalogue"), profile())
    assert asked(refresh) > 0
    refresh(is_last=True)
    assert asked(refresh) == 0


def test_commits_that_the_log_has_forgotten_hide_no_later_ones(lake: Lake) -> None:
    for offset in range(3):
        sell(lake, OPEN, offset)
    log.load(lake, DAILY_SALES).create_checkpoint()
    logs = Path(lake.root.removeprefix("file://")) / DAILY_SALES.path / "_delta_log"
    for commit in sorted(logs.glob("*.json"))[:-1]:
        commit.unlink()
    assert seconds_waiting(lake) > 0
    assert HISTORY.last == date(2015, 7, 1)
