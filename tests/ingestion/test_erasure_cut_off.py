"""An erasure that is cut off at any write, run again, is as one that was not."""

import json
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from builders import cancel, events, own_id_profile, record
from injection import Killed, hooked, kill_at, kill_at_step, points
from job_runs import NOW, run
from kills import CASES, missing
from lakes import rows

from ingestion.catalogue.messages import merge_messages
from ingestion.known_at.replay import known_lake
from ingestion.reconciliation import reconcile
from ingestion.reconciliation.reconciliation import require_balance
from ingestion.sales.intake import merge_few_sales
from jobs import maintain
from lakehouse.delta import creation
from lakehouse.delta.arrow import append_rows
from lakehouse.lake import Lake
from lakehouse.profile.stored import claim_lake
from lakehouse.storage import local_path
from lakehouse.tables.bronze import CATALOGUE_EVENTS, ERASURES, REJECTED_SALES, SALES_EVENTS
from lakehouse.tables.silver import DAILY_OFFERS, DAILY_SALES, ITEMS, MONTHS, SHOPS

pytestmark = pytest.mark.slow

FIRST, SECOND = ("2016-01-01T00:00:00Z", "2016-02-01T00:00:00Z")
TABLES = (SALES_EVENTS, CATALOGUE_EVENTS, REJECTED_SALES, DAILY_SALES, SHOPS)
NOTED = ("source", "records")
# Shop 77 is known as 7 by a message of Kafka alone.
SALES = (
    record(sale_id="a", shop_id="77", updated_at=FIRST),
    cancel("a", SECOND),
    record(sale_id="alias", shop_id="7", updated_at=FIRST),
    record(sale_id="left", shop_id="77", updated_at=FIRST),
    record(sale_id="left", shop_id="1", updated_at=SECOND),
    record(sale_id="b", shop_id="1", updated_at=FIRST),
    record(sale_id="c", shop_id="7", units="x"),
)
NAMES = [{"shop_id": "77", "name": "New"}, {"shop_id": "7", "name": "Old", "alias_of": "77"}]
ONE = {"shop_id": "1", "name": "One"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    lake, profile = Lake.at(str(tmp_path_factory.mktemp("made") / "lake")), own_id_profile()
    claim_lake(lake, profile)
    for table in (SHOPS, ITEMS, DAILY_OFFERS, DAILY_SALES):
        creation.create_table(lake, table)
    values = [{"updated_at": FIRST, "shops": some} for some in ([*NAMES, ONE], NAMES)]
    messages = events(*(json.dumps(value).encode() for value in values), source="catalogue")
    messages = messages.append_column("entity", pa.array(["message"] * len(values)))
    append_rows(lake, CATALOGUE_EVENTS, messages)
    merge_messages(lake, messages, profile)
    received = events(*SALES)
    append_rows(lake, SALES_EVENTS, received)
    merge_few_sales(lake, received, profile)
    claim_lake(known_lake(lake, NOW), profile)
    return lake


@pytest.fixture
def copied(made: Lake, tmp_path: Path) -> Callable[[str], Lake]:
    def copy(name: str) -> Lake:
        shutil.copytree(local_path(made.root), tmp_path / name)
        return Lake.at(str(tmp_path / name))

    return copy


def erase(lake: Lake, hours: int = 0) -> None:
    asked = ("--lake", lake.root, "--erase-shop", "77", "--yes")
    code, figures = run(maintain.JOB, *asked, now=NOW + timedelta(hours=hours))
    assert code == 0, figures


def content(lake: Lake) -> list[object]:
    months = rows(lake, MONTHS, "month", "status")
    return [*(rows(lake, table) for table in TABLES), rows(lake, ERASURES, *NOTED), months]


def balance(lake: Lake) -> None:
    require_balance(reconcile.reconcile_files(lake, ["file"], own_id_profile()))


def test_wherever_it_is_cut_off_the_next_completes_it(copied: Callable[[str], Lake]) -> None:
    whole = copied("whole")
    steps = points(lambda: erase(whole))
    assert missing(steps, CASES["erasure"]) == []
    assert rows(whole, SHOPS, "shop_id") == [("1",)]
    for number, step in enumerate(steps):
        lake = copied(str(number))
        with pytest.raises(Killed), hooked(kill_at_step(number)):
            erase(lake)
        erase(lake, hours=1)
        assert content(lake) == content(whole), step
        balance(lake)


def test_one_cut_off_twice_is_noted_once(copied: Callable[[str], Lake]) -> None:
    lake, whole = copied("lake"), copied("whole")
    erase(whole)
    for hours in range(2):
        # The second takes back what the first noted before it notes anything itself.
        with pytest.raises(Killed), hooked(kill_at(f"after {ERASURES.path}", hours + 1)):
            erase(lake, hours)
    erase(lake, hours=2)
    assert content(lake) == content(whole)
    balance(lake)
