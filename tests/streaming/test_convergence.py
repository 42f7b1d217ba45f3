"""Whatever happens to sales, in whatever order and batches: the tables equal a rebuild."""

import random
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest
from builders import MIDNIGHT, events, profile
from histories import SALES, History, Message
from rebuilt import assert_same, no_spark, rebuild

from feature_store.touched import Touched
from ingestion.catalogue.messages import MESSAGE, merge_messages
from ingestion.lake_months import close, stored_months
from ingestion.sales.intake import merge_few_sales
from ingestion.sales.span import extend_months
from lakehouse.delta import creation
from lakehouse.delta.arrow import append_rows
from lakehouse.lake import Lake
from lakehouse.profile.stored import claim_lake, stored_profile
from lakehouse.tables.bronze import CATALOGUE_EVENTS, REJECTED_SALES, SALES_EVENTS
from lakehouse.tables.silver import DAILY_OFFERS, DAILY_SALES, ITEMS, SHOPS
from streaming.queries.metrics import RefreshMetrics
from streaming.queries.refresh import Refresh

TABLES = (DAILY_SALES, DAILY_OFFERS, REJECTED_SALES, SHOPS, ITEMS)


def lake_of(folder: Path) -> Lake:
    """A lake to which nothing came yet."""
    lake = Lake.at(str(folder))
    claim_lake(lake, profile())
    for table in TABLES:
        creation.create_table(lake, table)
    return lake


def deliver(lake: Lake, batch: list[Message], first: int) -> None:
    """Put a batch in as the ingest query does, each message under an offset of its own."""
    for topic, table in ((SALES, SALES_EVENTS), (MESSAGE, CATALOGUE_EVENTS)):
        mine = [(i, v) for i, (t, v) in enumerate(batch, first) if (t == SALES) == (topic == SALES)]
        if not mine:
            continue
        offsets, values = zip(*mine, strict=True)
        rows = events(*values, source=topic, offsets=offsets)
        if topic == SALES:
            append_rows(lake, table, rows)
            merge_few_sales(lake, rows, stored_profile(lake))
        else:
            entity = pa.repeat(MESSAGE, len(rows))
            append_rows(lake, table, rows.append_column("entity", entity))
            merge_messages(lake, rows, stored_profile(lake))
    extend_months(lake, MIDNIGHT)


def close_one(lake: Lake) -> None:
    """Close the open month."""
    months = stored_months(lake)
    assert months is not None
    close(lake, months.open_month, datetime.now(UTC))


@pytest.mark.parametrize(
    ("seed", "sales"),
    [(0, 16), *(pytest.param(n, 60, marks=pytest.mark.slow) for n in range(10))],
)
def test_any_history_ends_as_its_rebuild(tmp_path: Path, seed: int, sales: int) -> None:
    history, chance = History(seed, sales), random.Random(seed)
    lake = lake_of(tmp_path / "lake")
    refresh = Refresh(lake, no_spark, RefreshMetrics())
    number = 0
    for i, batch in enumerate(history.batches(8 if sales > 16 else 4)):
        for again in range(1 + chance.randrange(2)):
            deliver(lake, batch, number)
            if again:
                refresh()
        number += len(batch)
        if i in (2, 5):
            close_one(lake)
        if chance.randrange(3):
            refresh(is_last=bool(chance.randrange(2)))
        if not chance.randrange(4):
            refresh = Refresh(lake, no_spark, RefreshMetrics())  # the process was started again
    while refresh(is_last=True):
        pass
    assert_same(lake, rebuild(lake, tmp_path / "rebuilt"))


def test_a_refresh_computes_only_the_keys_that_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = lake_of(tmp_path / "lake")
    refresh = Refresh(lake, no_spark, RefreshMetrics())
    deliver(lake, History(1, sales=16).messages, 0)
    refresh(is_last=True)
    known: list[int] = []
    keys = Touched.keys

    def spied(self: Touched, *arguments: object) -> pa.Table | None:
        found = keys(self, *arguments)  # type: ignore[arg-type]
        known.append(-1 if found is None else len(found))
        return found

    monkeypatch.setattr(Touched, "keys", spied)
    sale = b'{"date": "2015-02-03", "shop_id": "5", "item_id": "1", "units": 2, "price": 3}'
    deliver(lake, [(SALES, sale)], 10_000)
    refresh(is_last=True)
    assert set(known) == {1}


@pytest.mark.slow
def test_the_law_catches_a_change_that_was_not_noted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = lake_of(tmp_path / "lake")
    refresh = Refresh(lake, no_spark, RefreshMetrics())
    first, second = History(2).batches(2)
    deliver(lake, first, 0)
    refresh(is_last=True)
    keys = Touched.keys

    def one_less(self: Touched, *arguments: object) -> pa.Table | None:
        found = keys(self, *arguments)  # type: ignore[arg-type]
        return found if found is None else found.slice(1)

    monkeypatch.setattr(Touched, "keys", one_less)
    deliver(lake, second, len(first))
    refresh(is_last=True)
    with pytest.raises(AssertionError, match="gold/features"):
        assert_same(lake, rebuild(lake, tmp_path / "rebuilt"))
