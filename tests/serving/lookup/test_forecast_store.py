"""What is served is the newest published version, or the last good one."""

import json
import logging
import shutil

import pytest
from published import PublishedLake, forecast, shop

from lakehouse.tables.gold import FORECASTS
from serving.lookup import source as source_module
from serving.lookup.columns import Columns
from serving.lookup.snapshot import Snapshot
from serving.lookup.store import Store


def served(store: Store) -> Snapshot:
    store.refresh()
    assert store.state.snapshot is not None, store.state.fault
    return store.state.snapshot


def units(snapshot: Snapshot) -> list[float]:
    columns = snapshot.forecasts
    assert isinstance(columns, Columns)
    return columns.values("units", list(columns.rows_of("57", "5037"))).tolist()


def test_the_newest_version_is_served_whatever_was_written_last(
    published: PublishedLake, store: Store
) -> None:
    published.publish("2015-10.b", forecast(units=2))
    published.publish("2015-10.a", forecast(units=1))
    assert units(served(store)) == [2]
    published.publish("2015-10.c", forecast(units=3))
    assert units(store.state.snapshot) == [2]
    assert units(served(store)) == [3]
    assert store.state.fault is None


def test_a_version_of_any_text_is_found(published: PublishedLake, store: Store) -> None:
    for name in ("2015-10/1", "2015-10/1 v2: 50%", "2015-10/1 v3 'é'"):
        published.publish(name, forecast(units=len(name)))
        assert served(store).version.version == name
        assert units(store.state.snapshot) == [len(name)]


def test_a_withdrawn_version_is_served_no_longer(published: PublishedLake, store: Store) -> None:
    published.publish("v1", forecast(units=1))
    published.publish("v2", forecast(units=2))
    assert units(served(store)) == [2]
    published.set_status("v2", "withdrawn")
    assert units(served(store)) == [1]
    published.set_status("v2", "published")
    assert units(served(store)) == [2]


def test_when_all_versions_are_withdrawn_nothing_is_served(
    published: PublishedLake, store: Store
) -> None:
    published.publish("v1", forecast())
    served(store)
    published.set_status("v1", "withdrawn")
    store.refresh()
    assert store.state.snapshot is None
    assert store.state.fault == ("The lake: no forecasts are published; run forecast.")


def test_a_version_already_served_is_not_read_again(published: PublishedLake, store: Store) -> None:
    published.publish("v1", forecast())
    first = served(store)
    again = served(store)
    assert again.forecasts is first.forecasts
    assert again.tag == first.tag


def test_a_new_alias_counts_from_the_next_refresh(published: PublishedLake, store: Store) -> None:
    published.publish("v1", forecast())
    first = served(store)
    published.set_shops(shop("57"), shop("0", alias_of="57"), shop("1", alias_of="57"))
    again = served(store)
    assert (first.shops.resolve("1"), again.shops.resolve("1")) == ("1", "57")
    assert again.tag != first.tag


def test_an_incomplete_version_leaves_the_last_good_one(
    published: PublishedLake, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    published.publish("v1", forecast(units=1))
    served(store)
    published.publish("v2", forecast(units=2), rows=2)
    with caplog.at_level(logging.WARNING, "shopcast"):
        assert units(served(store)) == [1]
    assert "version v2 has 1 forecasts, 2 were published" in (store.state.fault or "")
    assert "serving version v1: " in caplog.text
    published.publish("v3", forecast(units=3))
    assert units(served(store)) == [3]
    assert store.state.fault is None


def test_a_missing_file_leaves_the_last_good_version(
    published: PublishedLake, store: Store
) -> None:
    published.publish("v1", forecast(units=1))
    served(store)
    folder = published.folder / FORECASTS.path
    of_v1 = set(folder.glob("*.parquet"))
    published.publish("v2", forecast(units=2))
    for file in set(folder.glob("*.parquet")) - of_v1:
        file.unlink()
    assert units(served(store)) == [1]
    assert store.state.fault is not None


def test_a_lake_that_vanishes_leaves_the_last_good_version(
    published: PublishedLake, store: Store
) -> None:
    published.publish("v1", forecast(units=1))
    served(store)
    shutil.rmtree(published.folder)
    assert units(served(store)) == [1]
    assert "no such folder" in (store.state.fault or "")
    assert not published.folder.exists()


def test_a_panic_of_a_library_leaves_the_last_good_version(
    published: PublishedLake, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Panic(BaseException):
        pass

    def panic(*_: object) -> None:
        raise Panic("secret://key@host")

    published.publish("v1", forecast(units=1))
    served(store)
    monkeypatch.setattr(source_module, "read_snapshot", panic)
    assert units(served(store)) == [1]
    assert store.state.fault == ("The lake cannot be read (Panic); the log of the server says why.")


def test_a_lake_of_another_format_is_not_served(published: PublishedLake, store: Store) -> None:
    published.publish("v1", forecast())
    marker = published.folder / "lake.json"
    marker.write_text(json.dumps({**json.loads(marker.read_text()), "format": 99}))
    store.refresh()
    assert store.state.snapshot is None
    assert "format 99" in (store.state.fault or "")


def test_an_empty_version_is_served(published: PublishedLake, store: Store) -> None:
    published.publish("v1")
    assert len(served(store).forecasts) == 0
    assert units(served(store)) == []


@pytest.mark.parametrize(
    "values",
    [
        {"units": float("nan")},
        {"units": float("inf")},
        {"units": -0.5},
        {"units": 20.5},
        {"p10": 1.0, "p50": 0.5},
        {"p10": 1.0, "p90": 0.5},
        {"p95": float("nan")},
        {"p95": 21.0},
    ],
)
def test_a_version_with_what_is_no_forecast_is_not_served(
    published: PublishedLake, store: Store, values: dict[str, float]
) -> None:
    published.publish("v1", forecast(units=1, p10=0.0, p50=0.0, p90=20.0, p95=20.0))
    assert units(served(store)) == [1]
    published.publish("v2", forecast(units=2), forecast(item_id="7", **values))
    assert units(served(store)) == [1]
    assert "version v2 has 1 forecasts that are not numbers within [0, 20]" in store.state.fault
