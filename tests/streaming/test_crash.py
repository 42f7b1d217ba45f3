"""Both queries killed before and after each write, then started again: the tables are the same."""

from pathlib import Path

import pytest
from histories import History, Message
from queries import KILLED, Topics, query
from rebuilt import assert_same, rebuild

from lakehouse.lake import Lake

pytestmark = pytest.mark.slow

INGESTED = ("bronze/sales_events", "bronze/rejected_sales", "silver/daily_sales")
POINTS = [f"{when} {table}" for table in INGESTED for when in ("before", "after")]
POINTS += ["after bronze/catalogue_events", "before silver/items"]
# A refresh is quick to start: each of these is killed after every second batch.
REFRESHED = ("silver/monthly_shop_item", "silver/monthly_item", "gold/features_shop_item")
REFRESH_POINTS = [f"{when} {table}" for table in REFRESHED for when in ("before", "after")]
REFRESH_POINTS += ["before gold/features_category", "after gold/features_shop_item#2"]


def parts(history: History, count: int) -> list[list[Message]]:
    """Deal the messages out like cards, so that each part has some of everything."""
    ordered = sorted(history.messages, key=lambda message: message[0])
    rubbish = [m for m in ordered if not (m[1] or b"").startswith(b'{"')]
    others = [m for m in ordered if m not in rubbish]
    return [others[i::count] + rubbish[i::count] for i in range(count)]


def test_queries_killed_at_every_write_end_as_a_rebuild(broker: str, tmp_path: Path) -> None:
    topics, lake = Topics(broker, "crash"), tmp_path / "lake"
    profile = ("--profile", "sample")
    dealt = parts(History(7, sales=120), len(POINTS))
    for batch, point, refresh_point in zip(dealt, POINTS, REFRESH_POINTS, strict=True):
        topics.send(batch)
        cut_off = query("ingest", lake, topics, *profile, fault=f"kill:{point}")
        assert cut_off.returncode == KILLED, f"{point} not reached: {cut_off.stderr[-2000:]}"
        cut_off = query("refresh", lake, topics, fault=f"kill:{refresh_point}")
        assert cut_off.returncode in (KILLED, 0), cut_off.stderr[-2000:]
    for name in ("ingest", "refresh"):
        done = query(name, lake, topics, *(profile if name == "ingest" else ()))
        assert done.returncode == 0, done.stderr[-2000:]
    kept = Lake.at(str(lake))
    assert_same(kept, rebuild(kept, tmp_path / "rebuilt"))
