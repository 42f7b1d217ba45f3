"""A copy has what the lake has; readers see a publication whole, or the one before."""

import json
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from copied_lake import JULY, JUNE, MAY, CopiedLake, moved, of_july, sale
from injection import Killed, faulty, hooked, kill
from job_runs import run
from kills import CASES
from published import shop
from querying import ask, table, wait_until_idle

from jobs import publish
from lakehouse.delta.arrow import read_table
from lakehouse.tables.gold import FORECASTS
from publishing.postgresql import attachment, connection, readers, removal, switch
from publishing.postgresql.layout import Layout


def publish_to(database: str, source: CopiedLake, *arguments: object) -> dict[str, Any]:
    code, figures = run(publish.JOB, "--lake", source.uri, "--to", database, *arguments)
    assert code == 0, figures
    return figures


def refused(database: str, source: CopiedLake, *arguments: object) -> str:
    code, figures = run(publish.JOB, "--lake", source.uri, "--to", database, *arguments)
    assert code == 3, figures
    return str(figures["error"])


def versions(database: str) -> list[Any]:
    return [v for (v,) in ask(database, "SELECT DISTINCT version FROM shopcast.forecast_current")]


def copies(database: str) -> list[Any]:
    """Everything that says which copies there are, and the tables that hold them."""
    (layout,) = ask(database, "SELECT layout FROM shopcast.publication")[0]
    tables = f"SELECT relname FROM pg_class WHERE relnamespace = '{layout}'::regnamespace"
    return [*table(database, "copy_status"), *sorted(ask(database, tables))]


def test_a_copy_has_the_rows_of_the_lake(database: str, source: CopiedLake) -> None:
    figures = publish_to(database, source, "--sales", "2014-01")
    stored = read_table(source.lake, FORECASTS).to_pylist()
    assert table(database, "forecasts") == sorted((tuple(r.values()) for r in stored), key=repr)
    assert table(database, "shops", "shop_id, name, alias_of") == [
        ("02", None, "2"),
        ("1", "North", None),
        ("2", "South", None),
    ]
    assert ask(database, "SELECT attributes->>'type' FROM shopcast.items LIMIT 1") == [("home",)]
    assert table(database, "daily_sales", "date, shop_id, item_id, units, price")[-1] == (
        date(2015, 6, 6),
        "2",
        "11",
        Decimal("5"),
        Decimal("2.5"),
    )
    assert figures["copied"]["daily_sales"] == 5
    assert figures["published"] is True
    assert figures["to"].startswith("postgresql://localhost")


def test_publishing_twice_changes_nothing(database: str, source: CopiedLake) -> None:
    publish_to(database, source)
    before = copies(database)
    figures = publish_to(database, source, "--keep-hours", "0")
    assert (figures["copied"], figures["published"], figures["removed"]) == ({}, False, 0)
    assert copies(database) == before


def test_only_what_changed_is_copied(database: str, source: CopiedLake) -> None:
    publish_to(database, source, "--sales", "2015-05")
    source.sell(sale("07.06.2015", "1", "10", 1, "8.00"))
    figures = publish_to(database, source)
    assert figures["copied"] == {"daily_sales": 3, "monthly_sales": 2}
    sold = f"monthly_sales WHERE month = '{JUNE}' AND shop_id = '1'"
    assert table(database, sold, "units, revenue") == [(Decimal("4"), Decimal("32"))]


def test_daily_sales_are_copied_from_the_month_named(database: str, source: CopiedLake) -> None:
    months = "daily_sales", "DISTINCT month"
    publish_to(database, source)
    assert table(database, *months) == []
    publish_to(database, source, "--sales", "2015-06")
    assert table(database, *months) == [(JUNE,)]
    publish_to(database, source, "--sales", "2015-05")
    assert table(database, *months) == [(MAY,), (JUNE,)]
    assert publish_to(database, source)["published"] is False
    publish_to(database, source, "--sales", "2015-06")
    assert table(database, *months) == [(JUNE,)]


def test_a_withdrawn_version_is_no_longer_current(database: str, source: CopiedLake) -> None:
    publish_to(database, source)
    source.set_status("v2", "withdrawn")
    publish_to(database, source)
    assert versions(database) == ["v1"]


def test_old_versions_stay_behind_but_the_served_one(database: str, source: CopiedLake) -> None:
    source.set_status("v2", "withdrawn")
    publish_to(database, source, "--versions", "1")
    assert table(database, "forecasts", "DISTINCT version") == [("v1",), ("v2",)]
    source.set_status("v2", "published")
    publish_to(database, source, "--versions", "1")
    assert table(database, "forecasts", "DISTINCT version") == [("v2",)]


def test_an_incomplete_version_leaves_the_last_good_one(database: str, source: CopiedLake) -> None:
    publish_to(database, source)
    source.publish("v3", of_july("1", "10", 9.0), rows=2)
    assert "version v3 has 1 forecasts, 2 were published" in refused(database, source)
    assert versions(database) == ["v2"]


def test_a_database_of_another_lake_is_refused(
    database: str, source: CopiedLake, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_to(database, source)
    monkeypatch.setattr(publish, "lake_of", lambda *_: moved(source.lake))
    error = refused(database, source)
    assert f"has the copy of {source.lake.root}; name another database" in error


def test_a_run_cut_off_at_any_write_leaves_readers_untouched(
    database: str, source: CopiedLake, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Roles outlive the databases of other tests.
    monkeypatch.setattr(readers, "READER", "reader_of_a_killed_run")
    killed: list[str] = []

    def at_new_points(reached: str) -> None:
        if reached.startswith("before ") and reached not in killed:
            killed.append(reached)
            kill()

    def publish_killed() -> None:
        while True:
            try:
                with hooked(at_new_points):
                    publish_to(database, source, "--sales", "2014-01", "--keep-hours", "0")
            except Killed:
                wait_until_idle(database)
                if "before postgresql publication" in killed:
                    continue
                there = ask(database, "SELECT to_regclass('shopcast.forecasts') IS NOT NULL")
                assert there == [(False,)], "readers see what was never published"
            else:
                return

    publish_killed()
    assert versions(database) == ["v2"]
    source.publish("v3", of_july("1", "10", 9.0))
    source.set_shops(shop("1", name="New"))
    publish_killed()
    assert versions(database) == ["v3"]
    cut_off = sorted(point.removeprefix("before ") for point in killed)
    assert cut_off == sorted(CASES["postgresql"])
    left = [row[0] for row in copies(database) if row[0].startswith("shops_")]
    assert len(left) == 2, "one table and its key"


def test_a_finished_copy_is_not_made_again(database: str, source: CopiedLake) -> None:
    def before_the_switch(reached: str) -> None:
        if reached == "before postgresql publication":
            kill()

    with pytest.raises(Killed), hooked(before_the_switch):
        publish_to(database, source)
    made: list[str] = []
    with hooked(made.append):
        figures = publish_to(database, source)
    assert not [point for point in made if point == "before postgresql forecasts"]
    assert figures["copied"]["forecasts"] == 6


@pytest.mark.slow
def test_a_killed_process_leaves_readers_untouched(database: str, source: CopiedLake) -> None:
    publish_to(database, source)
    source.publish("v3", of_july("1", "10", 9.0))
    command = (sys.executable, "-m", "jobs.publish", "--lake", source.uri, "--to", database)
    fault = faulty("kill:before postgresql publication")
    killed = subprocess.run(command, env=fault, capture_output=True, check=False)
    assert killed.returncode == -9
    wait_until_idle(database)
    assert versions(database) == ["v2"]
    again = subprocess.run(command, capture_output=True, check=True, text=True)
    assert json.loads(again.stdout)["copied"] == {"forecast_versions": 3, "forecasts": 1}
    assert versions(database) == ["v3"]


def test_readers_see_one_version_at_any_time(database: str, source: CopiedLake) -> None:
    publish_to(database, source)
    seen: list[tuple[Any, ...]] = []
    ended = threading.Event()
    query = "SELECT count(DISTINCT version), min(version) FROM shopcast.forecast_current"

    def read() -> None:
        with psycopg.connect(database, autocommit=True) as connection:
            while not ended.is_set():
                seen.extend(connection.execute(query).fetchall())

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for number in range(3, 8):
            source.publish(f"v{number}", of_july("1", "10", float(number)))
            publish_to(database, source, "--versions", "1", "--keep-hours", "0")
    finally:
        ended.set()
        reader.join()
    assert {count for count, _ in seen} == {1}
    assert len({version for _, version in seen}) > 1


def test_the_switch_waits_for_statements_that_may_not_know_the_new_copies(
    database: str, source: CopiedLake
) -> None:
    publish_to(database, source)
    source.set_shops(shop("1", name="New"))
    attached = threading.Event()

    def watch(reached: str) -> None:
        if reached == "after postgresql attachment":
            attached.set()

    with hooked(watch), psycopg.connect(database) as reader:
        reader.execute("SELECT count(*) FROM shopcast.shops")
        publisher = threading.Thread(target=publish_to, args=(database, source))
        publisher.start()
        assert attached.wait(30)
        publisher.join(0.3)
        assert publisher.is_alive()
        assert len(table(database, "shops")) == 3
        reader.commit()
        publisher.join(30)
    assert table(database, "shops", "name") == [("New",)]


def test_a_superseded_copy_stays_for_open_transactions(
    database: str, source: CopiedLake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(removal, "PATIENCE", "50ms")
    monkeypatch.setattr(attachment, "PATIENCE_SECONDS", 0.1)
    publish_to(database, source)
    source.set_shops(shop("1", name="New"))
    with psycopg.connect(database) as reader:
        reader.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        before = reader.execute("SELECT count(*) FROM shopcast.shops").fetchone()
        assert publish_to(database, source, "--keep-hours", "0")["removed"] == 0
        assert reader.execute("SELECT count(*) FROM shopcast.shops").fetchone() == before == (3,)
    assert table(database, "shops", "name") == [("New",)]
    assert publish_to(database, source, "--keep-hours", "0")["removed"] == 1


def test_superseded_copies_stay_for_the_hours_asked(database: str, source: CopiedLake) -> None:
    publish_to(database, source)
    source.set_shops(shop("1", name="New"))
    assert publish_to(database, source)["removed"] == 0
    assert publish_to(database, source, "--keep-hours", "0")["removed"] == 1


def test_a_second_publisher_is_refused(
    database: str, source: CopiedLake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "PATIENCE", "50ms")
    with psycopg.connect(database, autocommit=True) as other:
        other.execute(f"SELECT pg_advisory_lock({connection.LOCK})")
        assert "another process publishes to it" in refused(database, source)
    publish_to(database, source)


def test_a_lock_held_by_others_ends_the_run_without_a_change(
    database: str, source: CopiedLake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(switch, "PATIENCE", "50ms")
    publish_to(database, source)
    source.set_shops(shop("1", name="New"))
    (layout,) = ask(database, "SELECT layout FROM shopcast.publication")[0]
    with psycopg.connect(database) as other:
        other.execute(f"UPDATE {layout}.copies SET rows = rows")
        assert "holds a lock on the copy" in refused(database, source)
    assert len(table(database, "shops")) == 3


def test_the_role_of_readers_reads_views_and_nothing_else(
    database: str, source: CopiedLake
) -> None:
    publish_to(database, source)
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("SET ROLE shopcast_reader")
        views = "SELECT viewname FROM pg_views WHERE schemaname = 'shopcast'"
        for (name,) in connection.execute(views).fetchall():
            connection.execute(f"SELECT * FROM shopcast.{name}")
        layout = "shopcast.publication"
        for statement in (
            f"SELECT * FROM {layout}",
            "DELETE FROM shopcast.shops",
            "CREATE TABLE shopcast.mine (a integer)",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)
    (schema,) = ask(database, "SELECT layout FROM shopcast.publication")[0]
    assert ask(
        database, f"SELECT has_schema_privilege('shopcast_reader', '{schema}', 'USAGE')"
    ) == [(False,)]


def with_tables(change: Callable[[Layout], Layout], monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the next runs be those of a program with another layout."""
    from publishing.postgresql import publication

    monkeypatch.setattr(publication, "Layout", lambda tables: change(Layout(tables)))


def test_a_program_with_other_columns_takes_over(
    database: str, source: CopiedLake, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_to(database, source, "--sales", "2015-06")
    before = layouts(database)
    with_tables(without_score_columns, monkeypatch)
    figures = publish_to(database, source, "--keep-hours", "0")
    assert figures["copied"]["forecasts"] == 6
    assert (versions(database), len(table(database, "daily_sales"))) == (["v2"], 2)
    assert "mae" not in columns(database, "forecast_scores")
    assert len(layouts(database)) == 1
    assert layouts(database) != before


def test_a_view_of_analysts_is_not_dropped_by_an_upgrade(
    database: str, source: CopiedLake, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_to(database, source)
    with psycopg.connect(database) as analyst:
        analyst.execute("CREATE VIEW mine AS SELECT mae FROM shopcast.forecast_scores")
    with_tables(without_score_columns, monkeypatch)
    assert "view mine depends on view shopcast.forecast_scores" in refused(database, source)
    assert len(ask(database, "SELECT * FROM mine")) == 4


def without_score_columns(layout: Layout) -> Layout:
    from dataclasses import replace

    tables = [
        replace(t, names=tuple(n for n in t.names if n != "mae"))
        if t.name == "forecast_scores"
        else t
        for t in layout.tables
    ]
    return Layout(tuple(tables))


def layouts(database: str) -> list[Any]:
    query = "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'shopcast\\_copies\\_%'"
    return ask(database, query)


def columns(database: str, name: str) -> list[str]:
    query = f"SELECT attname FROM pg_attribute WHERE attrelid = 'shopcast.{name}'::regclass"
    return [column for (column,) in ask(database, query)]


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("postgresql://me:secret@127.0.0.1:1/db", "PostgreSQL: "),
        ("postgresql://me:sec%ret@host/db", "The URL of PostgreSQL cannot be read"),
        ("mysql://me:secret@host/db", "no such database"),
    ],
)
def test_a_wrong_url_is_refused_without_its_password(
    source: CopiedLake, url: str, error: str
) -> None:
    code, figures = run(publish.JOB, "--lake", source.uri, "--to", url)
    assert code in (2, 3)
    assert error in figures["error"]
    assert "sec" not in figures["error"].replace("seconds", "")


def test_the_url_may_come_from_the_environment(
    database: str, source: CopiedLake, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, figures = run(publish.JOB, "--lake", source.uri)
    assert (code, "set PUBLISH_TO" in figures["error"]) == (2, True)
    monkeypatch.setenv("PUBLISH_TO", database)
    assert run(publish.JOB, "--lake", source.uri)[0] == 0
    assert versions(database) == ["v2"]


def test_a_month_of_forecasts_and_sales_is_skipped_by_queries_of_others(
    database: str, source: CopiedLake
) -> None:
    publish_to(database, source)
    plan = f"EXPLAIN SELECT * FROM shopcast.monthly_sales WHERE month = '{JULY}'"
    assert not [line for (line,) in ask(database, plan) if "monthly_sales_" in line]
