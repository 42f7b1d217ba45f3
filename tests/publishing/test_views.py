"""The views answer the questions of analysts; every number here is worked out by hand."""

from datetime import date, datetime
from decimal import Decimal

import pytest
from copied_lake import JULY, JUNE, MAY, CopiedLake
from job_runs import run
from published import TIME
from querying import ask, table

from benchmarks.postgresql_server import PostgresqlServer
from jobs import publish
from lakehouse.table import Table
from lakehouse.tables.gold import FORECASTS
from lakehouse.tables.silver import SHOPS

BOOK = 'Book "é"\nof two lines'


@pytest.fixture(scope="module")
def copy(postgresql: PostgresqlServer, template: CopiedLake) -> str:
    """The URL of a copy that the tests of this file only read."""
    database = postgresql.create_database()
    arguments = ("--lake", template.uri, "--to", database, "--sales", "2015-06")
    code, figures = run(publish.JOB, *arguments)
    assert code == 0, figures
    return database


def test_what_each_shop_will_sell(copy: str) -> None:
    columns = "shop_id, shop_name, item_id, item_name, category_name, month, units, p10, rung"
    assert table(copy, "forecast_current", columns) == [
        ("1", "North", "10", "Lamp, green", "Light", JULY, 3.25, None, "own history"),
        ("1", "North", "12", None, None, JULY, 0.5, None, "no history"),
        ("2", "South", "11", BOOK, "Light", JULY, 4.5, None, "own history"),
    ]
    assert ask(copy, "SELECT DISTINCT version, cutoff FROM shopcast.forecast_current") == [
        ("v2", JUNE)
    ]


def test_the_newest_number_of_a_planner_stands_beside_the_models(copy: str) -> None:
    assert table(copy, "forecast_current", "item_id, units, override") == [
        ("10", 3.25, 5.0),
        ("11", 4.5, None),
        ("12", 0.5, None),
    ]


def test_what_was_forecast_and_what_was_sold(copy: str) -> None:
    columns = "version, shop_id, item_id, month, units, actual, error, in_interval"
    assert table(copy, "forecast_vs_actual", columns) == [
        ("v1", "1", "10", JUNE, 2.5, 3.0, -0.5, True),
        ("v1", "2", "11", JUNE, 1.0, 5.0, -4.0, False),
    ]


def test_how_accurate_forecasts_were_beside_naive_ones(copy: str) -> None:
    columns = "month, segment, value, name, rows, wape, naive_wape, beats_naive"
    assert table(copy, "accuracy", columns) == [
        (JUNE, "all", "all", None, 2, 0.5625, 0.75, True),
        (JUNE, "shop", "2", "South", 2, 0.8, 0.2, False),
    ]


def test_what_each_shop_sold_in_total_and_will_sell(copy: str) -> None:
    columns = "shop_name, month, status, sold_units, revenue, forecast_units, version"
    assert table(copy, "shop_month_total", columns) == [
        ("North", date(2014, 6, 1), "closed", Decimal("4"), Decimal("20"), None, None),
        ("North", MAY, "closed", Decimal("1"), Decimal("20"), None, None),
        ("North", JUNE, "closed", Decimal("3"), Decimal("24"), 2.5, "v1"),
        ("North", JULY, "open", None, None, 3.75, "v2"),
        ("South", JUNE, "closed", Decimal("5"), Decimal("12.5"), 1.0, "v1"),
        ("South", JULY, "open", None, None, 4.5, "v2"),
    ]


def test_how_forecasts_compare_with_last_year(copy: str) -> None:
    # No version forecasts June any more, so that July of last year, without sales, is compared.
    columns = "shop_id, item_id, month, units, units_last_year, change"
    assert table(copy, "year_over_year", columns) == [
        ("1", "10", JULY, 3.25, 0, 3.25),
        ("1", "12", JULY, 0.5, 0, 0.5),
        ("2", "11", JULY, 4.5, 0, 4.5),
    ]


def test_how_a_forecast_changed_from_version_to_version(copy: str) -> None:
    columns = "version, cutoff, units, change, status, published_at"
    revisions = f"forecast_revisions WHERE shop_id = '1' AND item_id = '10' AND month = '{JULY}'"
    assert table(copy, revisions, columns) == [
        ("v1", MAY, 2.0, None, "published", TIME),
        ("v2", JUNE, 3.25, 1.25, "published", TIME),
    ]


def test_which_items_were_missed_most(copy: str) -> None:
    columns = "shop_name, place, item_name, month, units, actual, error, version"
    assert table(copy, "greatest_misses", columns) == [
        ("North", 1, "Lamp, green", JUNE, 2.5, 3.0, -0.5, "v1"),
        ("South", 1, BOOK, JUNE, 1.0, 5.0, -4.0, "v1"),
    ]


def test_which_items_are_new_or_ending(copy: str) -> None:
    columns = "shop_id, item_id, first_sold, last_sold, units_last_year, forecast_units, stage"
    assert table(copy, "item_life", columns) == [
        ("1", "10", date(2014, 6, 1), JUNE, Decimal("4"), 3.25, "steady"),
        ("1", "12", None, None, None, 0.5, "never sold"),
        ("2", "11", JUNE, JUNE, Decimal("5"), 4.5, "new"),
    ]


def test_what_the_copy_has(copy: str) -> None:
    assert table(copy, "copy_status", "table_name, unit, rows") == [
        ("categories", "all", 2),
        ("daily_sales", "2015-06", 2),
        ("forecast_scores", "all", 4),
        ("forecast_versions", "all", 2),
        ("forecasts", "v1", 3),
        ("forecasts", "v2", 3),
        ("items", "all", 3),
        ("monthly_sales", "2014-06", 1),
        ("monthly_sales", "2015-05", 1),
        ("monthly_sales", "2015-06", 2),
        ("months", "all", 14),
        ("overrides", "all", 2),
        ("shops", "all", 3),
    ]
    (published_at,) = ask(copy, "SELECT DISTINCT published_at FROM shopcast.copy_status")[0]
    assert isinstance(published_at, datetime)


def test_every_schema_table_and_column_has_a_comment(copy: str) -> None:
    relations = """
        SELECT c.relname, a.attname FROM pg_class AS c
        JOIN pg_namespace AS n ON n.oid = c.relnamespace AND n.nspname = 'shopcast'
        LEFT JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0
        WHERE c.relkind IN ('r', 'v')
            AND (obj_description(c.oid) IS NULL OR col_description(c.oid, a.attnum) IS NULL)
    """
    assert ask(copy, relations) == []
    assert ask(copy, "SELECT obj_description('shopcast'::regnamespace) IS NOT NULL") == [(True,)]


def test_comments_are_those_of_the_data_dictionary(copy: str) -> None:
    query = "SELECT col_description('shopcast.{}'::regclass, {})"
    assert ask(copy, query.format("forecast_current", 9)) == [(comment(FORECASTS, "units"),)]
    assert ask(copy, query.format("shops", 3)) == [(comment(SHOPS, "alias_of"),)]


def comment(declared: Table, name: str) -> str:
    return next(column.comment for column in declared.columns if column.name == name)


def test_the_served_version_alone_is_read_for_current_forecasts(copy: str) -> None:
    plan = "EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) SELECT * FROM shopcast.forecast_current"
    lines = [line for (line,) in ask(copy, plan) if " on forecasts_" in line]
    assert [("never executed" in line) for line in lines].count(False) == 1
    assert len(lines) == 2
