from typing import TYPE_CHECKING

import pytest
from builders import cancel, events, own_id_profile, profile, record
from lakes import ingest_events

from ingestion.reconciliation import reconcile
from ingestion.reconciliation.reconciliation import FileReconciliation
from lakehouse.delta import log
from lakehouse.delta.arrow import append_rows, read_table
from lakehouse.lake import Lake
from lakehouse.table import Table
from lakehouse.tables.bronze import REJECTED_SALES
from lakehouse.tables.silver import DAILY_OFFERS, DAILY_SALES

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

FIRST, SECOND = "2016-01-01T00:00:00Z", "2016-02-01T00:00:00Z"


@pytest.fixture(scope="module")
def filled(spark: "SparkSession", tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Two sources: a sale of the first is corrected by the second, another cancelled."""
    lake = Lake.at(str(tmp_path_factory.mktemp("accounts")))
    first = events(
        record(sale_id="a", updated_at=FIRST),
        record(sale_id="b", updated_at=FIRST),
        record(sale_id="b", units="9", updated_at=FIRST),
        b"?",
        record(sale_id="d", units="x", date="x"),
        source="1",
    )
    second = events(
        record(sale_id="a", units="3", updated_at=SECOND), cancel("c", FIRST), source="2"
    )
    for batch in (first, second):
        ingest_events(spark, lake, batch, own_id_profile())
    return lake


def test_every_record_is_found_where_it_is_stored_or_replaced(filled: Lake) -> None:
    reasons = {"record_malformed": 1, "date_unparsable": 1, "units_unparsable": 1}
    assert reconcile.reconcile_files(filled, ["1", "2"], own_id_profile()) == [
        FileReconciliation("1", 5, live=1, superseded=2, rejected=2, reasons=reasons),
        FileReconciliation("2", 2, live=1, tombstones=1),
    ]


def test_records_are_looked_up_slice_by_slice(
    filled: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconcile, "SLICE", 1)
    (file,) = reconcile.reconcile_files(filled, ["1"], own_id_profile())
    assert (file.superseded, file.difference) == (2, 0)


def test_zero_units_are_found_also_where_a_later_record_says_them_again(
    spark: "SparkSession", lake: Lake
) -> None:
    for source in ("1", "2"):
        zero = events(record(units="0"), record(units="0"), record(), source=source)
        ingest_events(spark, lake, zero, profile())
    assert reconcile.reconcile_files(lake, ["1", "2"], profile()) == [
        FileReconciliation("1", 3, superseded=1, not_a_sale=2),
        FileReconciliation("2", 3, live=1, not_a_sale=2),
    ]


@pytest.mark.parametrize(
    ("table", "lost"),
    [
        (DAILY_SALES, "sale_id = 'b'"),
        (REJECTED_SALES, "offset = 3"),
    ],
)
def test_a_row_lost_from_a_table_is_a_difference(filled: Lake, table: Table, lost: str) -> None:
    stored = log.load(filled, table)
    version = stored.version()
    stored.delete(lost)
    (file,) = reconcile.reconcile_files(filled, ["1"], own_id_profile())
    log.load(filled, table).restore(version)
    # With sale b its older version is lost too: nothing newer replaces it any more.
    assert file.difference == (2 if table is DAILY_SALES else 1)


def test_a_day_lost_from_the_offers_is_a_difference(spark: "SparkSession", lake: Lake) -> None:
    ingest_events(spark, lake, events(record(units="0"), source="1"), profile())
    log.load(lake, DAILY_OFFERS).delete()
    (file,) = reconcile.reconcile_files(lake, ["1"], profile())
    assert file.difference == 1


def test_a_doubled_row_is_a_negative_difference(filled: Lake) -> None:
    version = log.version(filled, DAILY_SALES)
    doubled = read_table(filled, DAILY_SALES, filters=[("sale_id", "=", "b")])
    append_rows(filled, DAILY_SALES, doubled)
    (file,) = reconcile.reconcile_files(filled, ["1"], own_id_profile())
    log.load(filled, DAILY_SALES).restore(version)
    assert file.difference == -1
