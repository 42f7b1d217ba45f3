"""Item documents in a database of MongoDB's protocol; every number is worked out by hand."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from copied_lake import JUNE, CopiedLake, moved, of_july, sale
from injection import Killed, hooked, kill
from job_runs import run
from kills import CASES
from pymongo import MongoClient
from pymongo.database import Database

from jobs import publish
from publishing.mongodb import documents
from publishing.mongodb.reader import ItemReader, ItemsUnavailableError

JULY = {"month": "2015-07", "horizon": 1}
LAMP = {
    "_id": "10",
    "name": "Lamp, green",
    "category_id": "5",
    "category_name": "Light",
    "listed_on": None,
    "attributes": {"type": "home"},
    "prices": [
        {"month": "2014-06", "low": 5.0, "mean": 5.0, "high": 5.0, "shops": 1, "units": 4.0},
        {"month": "2015-05", "low": 10.0, "mean": 10.0, "high": 10.0, "shops": 1, "units": 2.0},
        {"month": "2015-06", "low": 6.0, "mean": 7.0, "high": 8.0, "shops": 2, "units": 6.0},
    ],
    "forecasts": {
        "version": "v3",
        "cutoff": "2015-06",
        "months": [{**JULY, "units": 4.75, "shops": 2}],
    },
}


def publish_to(url: str, source: CopiedLake, *arguments: object) -> dict[str, Any]:
    code, figures = run(publish.JOB, "--lake", source.uri, "--to", url, *arguments)
    assert code == 0, figures
    return figures


def refused(url: str, source: CopiedLake, *arguments: object) -> str:
    code, figures = run(publish.JOB, "--lake", source.uri, "--to", url, *arguments)
    assert code in (2, 3), figures
    return str(figures["error"])


@contextmanager
def opened(url: str) -> Iterator[Database[dict[str, Any]]]:
    with MongoClient(url) as client:
        yield client.get_default_database()


def collections(url: str) -> list[str]:
    with opened(url) as database:
        return sorted(n for n in database.list_collection_names() if n.startswith("items_"))


def find(url: str, item_id: str) -> dict[str, Any] | None:
    reader = ItemReader(url)
    try:
        return reader.find(item_id)
    finally:
        reader.close()


def test_a_document_has_catalogue_prices_and_forecasts(
    item_database: str, source: CopiedLake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(documents, "ITEMS_AT_ONCE", 2)
    source.sell(sale("07.06.2015", "2", "10", 3, "6.00"), sale("08.06.2015", "2", "99", 1, "1.00"))
    source.publish("v3", of_july("1", "10", 3.25), of_july("2", "10", 1.5), cutoff=JUNE)
    assert publish_to(item_database, source)["copied"] == {"items": 4}
    assert find(item_database, "10") == LAMP
    never_sold = find(item_database, "12")
    assert never_sold is not None
    assert (never_sold["prices"], never_sold["forecasts"]["months"]) == ([], [])
    not_listed = find(item_database, "99")
    assert not_listed is not None
    assert (not_listed["name"], len(not_listed["prices"])) == (None, 1)
    assert find(item_database, "none") is None


def test_publishing_twice_changes_no_document(item_database: str, source: CopiedLake) -> None:
    publish_to(item_database, source)
    before = collections(item_database)
    figures = publish_to(item_database, source)
    assert (figures["copied"], figures["published"], figures["removed"]) == ({}, False, 0)
    assert collections(item_database) == before


def test_the_collection_before_stays_for_its_readers(
    item_database: str, source: CopiedLake
) -> None:
    for number in range(3, 6):
        source.publish(f"v{number}", of_july("1", "10", float(number)))
        publish_to(item_database, source)
        lamp = find(item_database, "10")
        assert lamp is not None
        assert lamp["forecasts"]["version"] == f"v{number}"
    assert len(collections(item_database)) == 2
    publish_to(item_database, source, "--keep-hours", "0")
    assert len(collections(item_database)) == 1


def test_a_run_cut_off_at_any_write_leaves_readers_untouched(
    item_database: str, source: CopiedLake
) -> None:
    publish_to(item_database, source)
    source.publish("v3", of_july("1", "10", 9.0))
    killed: list[str] = []

    def at_new_points(reached: str) -> None:
        if reached.startswith("before ") and reached not in killed:
            killed.append(reached)
            kill()

    while True:
        try:
            with hooked(at_new_points):
                publish_to(item_database, source, "--keep-hours", "0")
        except Killed:
            lamp = find(item_database, "10")
            assert lamp is not None
            is_moved = "before mongodb removal" in killed
            assert lamp["forecasts"]["version"] == ("v3" if is_moved else "v2")
        else:
            break
    assert len(collections(item_database)) == 1
    cut_off = {"mongodb claim", *(point.removeprefix("before ") for point in killed)}
    assert cut_off == set(CASES["mongodb"])


def test_a_database_that_was_claimed_has_no_items_yet(
    item_database: str, source: CopiedLake
) -> None:
    def at_first_items(reached: str) -> None:
        if reached == "before mongodb items":
            kill()

    with pytest.raises(Killed), hooked(at_first_items):
        publish_to(item_database, source)
    with pytest.raises(ItemsUnavailableError, match="No items are published"):
        find(item_database, "10")


def test_a_database_of_another_lake_is_refused(
    item_database: str, source: CopiedLake, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_to(item_database, source)
    monkeypatch.setattr(publish, "lake_of", lambda *_: moved(source.lake))
    assert f"it has the items of {source.lake.root}" in refused(item_database, source)


def test_two_publishers_at_once_do_not_both_publish(item_database: str, source: CopiedLake) -> None:
    publish_to(item_database, source)
    source.publish("v3", of_july("1", "10", 9.0))

    def while_another_publishes(reached: str) -> None:
        if reached == "before mongodb publication":
            with opened(item_database) as database:
                database["shopcast"].update_one({"_id": "items"}, {"$set": {"collection": "x"}})

    with hooked(while_another_publishes):
        assert "another process published; run again" in refused(item_database, source)


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("mongodb://me:secret@127.0.0.1:1/db?serverSelectionTimeoutMS=50", "MongoDB: "),
        ("mongodb://me:sec%ret@host/db", "The URL of MongoDB cannot be read"),
    ],
)
def test_a_wrong_url_is_refused_without_its_password(
    source: CopiedLake, url: str, error: str
) -> None:
    told = refused(url, source)
    assert error in told
    assert "secret" not in told
    assert "sec%ret" not in told


def test_daily_sales_are_not_copied_to_mongodb(source: CopiedLake) -> None:
    assert "--sales: daily sales are copied to PostgreSQL alone" in refused(
        "mongodb://host/db", source, "--sales", "2015-06"
    )
