"""Known at: a replay of what had been received by a time equals the lake as it was then."""

import dataclasses
import shutil
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from builders import ITEMS as ITEMS_FILE
from builders import data_folder, events, profile, record, sale_line, sales_text
from injection import Killed, hooked, kill_at
from job_runs import run

from features.feature_set import SPINES, feature_set, panel_table
from features.tables import features_table, monthly_table
from ingestion.known_at import replay
from ingestion.known_at.known_at_filter import KnownAtFilter, known_at_filter
from ingestion.known_at.replay import discard_known_lakes, known_lake
from jobs import build_features, build_panel, close_month, ingest_history
from lakehouse.delta import log
from lakehouse.delta.arrow import read_table
from lakehouse.errors import RefusedError
from lakehouse.lake import Lake
from lakehouse.profile.profile import Profile
from lakehouse.profile.stored import claim_lake, stored_profile
from lakehouse.storage import local_path
from lakehouse.tables.bronze import SALES_EVENTS
from lakehouse.tables.silver import DAILY_SALES, ITEMS, MONTHS, SHOPS
from lakehouse.types import TIMESTAMP

FIRST, CLOSED, LATER = (datetime(2020, 1, day, tzinfo=UTC) for day in (1, 2, 5))
BETWEEN = datetime(2020, 1, 3, tzinfo=UTC)
SOLD = [
    date(2015, month, day) for month in (1, 2, 3, 4) for day in (2, 9, 28 if month == 2 else 30)
]


def lines(days: Sequence[date]) -> list[str]:
    """A sale of each of two items in each of two shops on every day."""
    return [
        sale_line(date=f"{day:%d.%m.%Y}", shop_id=shop, item_id=item, item_cnt_day=1 + i % 3)
        for i, day in enumerate(days)
        for shop in (1, 2)
        for item in (10, 11)
    ]


def done(*arguments: Any, now: datetime) -> dict[str, Any]:
    """Run a step that must do what it is asked."""
    code, figures = run(*arguments, now=now)
    assert code == 0, figures
    return figures


def ingest(lake: Lake, folder: Path, *arguments: object, now: datetime) -> None:
    given = ("--lake", lake.root, "--data", folder, "--profile", "sample", *arguments)
    done(ingest_history.JOB, *given, now=now)


def build(lake: Lake, *arguments: object, now: datetime) -> dict[str, Any]:
    done(build_features.JOB, "--lake", lake.root, now=now)
    return done(build_panel.JOB, "--lake", lake.root, *arguments, now=now)


def content(lake: Lake, *, left_out: Sequence[str] = ()) -> dict[str, list[dict[str, Any]]]:
    """Everything that follows from bronze, by table."""
    features = feature_set(stored_profile(lake))
    groups = [table(g) for g in features.groups for table in (monthly_table, features_table)]
    tables = [DAILY_SALES, SHOPS, ITEMS, MONTHS, *groups, panel_table(features, SPINES[0])]
    return {
        table.path: sorted(
            read_table(lake, table, [n for n in table.names if n not in left_out]).to_pylist(),
            key=str,
        )
        for table in tables
    }


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory, spark: object) -> Lake:  # noqa: ARG001
    """A lake of a history, copied when it was closed; then late and corrected sales came."""
    folder = tmp_path_factory.mktemp("known_at")
    made, data = Lake.at(str(folder / "lake")), data_folder(folder / "data")
    (data / "sales_a.csv").write_text(sales_text(*lines(SOLD)))
    ingest(made, data, now=FIRST)
    done(close_month.JOB, "--lake", made.root, now=CLOSED)
    build(made, now=CLOSED)
    shutil.copytree(folder / "lake", folder / "then")
    (data / "items.csv").write_text(ITEMS_FILE.replace("Book,11,6", "Book,11,5"))
    late = sale_line(date="05.02.2015", shop_id=1, item_id=11, item_cnt_day=9)
    (data / "sales_late.csv").write_text(sales_text(late))
    ingest(made, data, now=LATER)
    corrected = data_folder(folder / "corrected")
    (corrected / "sales_c.csv").write_text(
        sales_text(sale_line(date="09.03.2015", shop_id=2, item_id=10, item_cnt_day=7))
    )
    ingest(made, corrected, "--replace", "2,2015-03-09", now=LATER)
    empty = ("--month", "2015-05", "--even-if-incomplete")
    done(close_month.JOB, "--lake", made.root, *empty, now=LATER)
    build(made, now=LATER)
    return made


def then(lake: Lake) -> Lake:
    return Lake(f"{lake.root.rpartition('/')[0]}/then")


def known_at(lake: Lake, at: datetime, *arguments: object) -> Lake:
    given = ("--lake", lake.root, "--known-at", at.isoformat(), *arguments)
    return Lake(done(build_panel.JOB, *given, now=datetime.now(UTC))["lake"])


@pytest.mark.slow
def test_what_was_known_equals_the_lake_as_it_was_then_cell_for_cell(lake: Lake) -> None:
    known = content(known_at(lake, BETWEEN))
    assert known == content(then(lake))
    now = content(lake)
    assert {path for path in known if known[path] == now[path]} == {SHOPS.path}


@pytest.mark.slow
def test_the_law_catches_records_that_came_later(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = replay.known_at_filter

    def careless(lake: Lake, profile: Profile, at: datetime) -> KnownAtFilter:
        return dataclasses.replace(own(lake, profile, at), at=LATER)

    monkeypatch.setattr(replay, "known_at_filter", careless)
    known = content(known_at(lake, BETWEEN + timedelta(1)))
    assert known[DAILY_SALES.path] != content(then(lake))[DAILY_SALES.path]


@pytest.mark.slow
def test_what_is_known_when_all_was_received_equals_the_lake(lake: Lake) -> None:
    assert content(known_at(lake, LATER)) == content(lake)


@pytest.mark.slow
def test_a_rerun_changes_nothing(lake: Lake) -> None:
    first = known_at(lake, BETWEEN)
    before = log.version(first, DAILY_SALES), log.version(first, MONTHS)
    assert known_at(lake, BETWEEN) == first
    assert (log.version(first, DAILY_SALES), log.version(first, MONTHS)) == before


@pytest.mark.slow
@pytest.mark.parametrize("hour", [0, 23])
def test_of_a_history_loaded_at_once_a_sale_is_known_the_days_after_it_that_are_assumed(
    lake: Lake, tmp_path: Path, hour: int
) -> None:
    at = datetime(2015, 3, 31, hour, tzinfo=UTC)
    other, data = Lake.at(str(tmp_path / "lake")), data_folder(tmp_path / "data")
    received = [*(day for day in SOLD if day < date(2015, 3, 31)), date(2015, 2, 5)]
    late = sale_line(date="05.02.2015", shop_id=1, item_id=11, item_cnt_day=9)
    (data / "sales_a.csv").write_text(sales_text(*lines(received[:-1]), late))
    ingest(other, data, now=FIRST)
    build(other, now=FIRST)
    times = ("source", "partition", "offset", "ingested_at", "updated_at", "closed_at")
    known = content(known_at(lake, at), left_out=times)
    assert known == content(other, left_out=times)


@pytest.mark.slow
def test_a_month_is_closed_when_its_last_day_counts_as_received(lake: Lake) -> None:
    last = known_at(lake, datetime(2015, 4, 1, tzinfo=UTC))
    rows = {row["month"]: row for row in read_table(last, MONTHS).to_pylist()}
    assert [f"{month:%m}" for month in sorted(rows)] == ["01", "02", "03", "04"]
    assert rows[date(2015, 3, 1)]["closed_at"] == datetime(2015, 4, 1, tzinfo=UTC)
    assert rows[date(2015, 4, 1)]["status"] == "open"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("at", "code", "message"),
    [
        ("2015-01-02", 3, "no sale had been received by then; name a later time"),
        ("2100-01-01", 2, "lies in the future"),
    ],
)
def test_a_time_without_sales_or_still_to_come_is_refused(
    lake: Lake, at: str, code: int, message: str
) -> None:
    found, figures = run(build_panel.JOB, "--lake", lake.root, "--known-at", at)
    assert found == code
    assert message in figures["error"]


@pytest.mark.slow
def test_a_time_before_the_lake_is_refused_where_the_profile_assumes_nothing(lake: Lake) -> None:
    other = then(lake)
    own = stored_profile(other)
    claim_lake(
        other,
        own.model_copy(update={"sales": own.sales.model_copy(update={"reception_days": None})}),
    )
    with pytest.raises(RefusedError, match=r"began at 2020-01-01.*\[sales\] reception_days"):
        known_at_filter(other, stored_profile(other), FIRST - timedelta(1))
    assert not known_at_filter(other, stored_profile(other), FIRST).is_assumed, (
        "what the lake has needs no assumption"
    )
    claim_lake(other, own)


@pytest.mark.slow
def test_what_was_rejected_and_is_fine_now_had_been_received(lake: Lake) -> None:
    """The records count as received, not what was made of them: the profile of today decides."""
    own = stored_profile(lake)
    strict = {**own.sales.plausible.model_dump(), "units": {"min": -1, "max": 1}}
    changed = own.model_copy(
        update={
            "sales": type(own.sales).model_validate({**own.sales.model_dump(), "plausible": strict})
        }
    )
    before = known_at(lake, BETWEEN)
    claim_lake(lake, changed)
    fewer = log.row_count(known_at(lake, BETWEEN), DAILY_SALES)
    claim_lake(lake, own)
    again = known_at(lake, BETWEEN)
    assert again == before
    assert fewer < log.row_count(again, DAILY_SALES) == len(lines(SOLD))


@pytest.mark.slow
def test_replayed_lakes_can_be_removed(lake: Lake) -> None:
    known = known_at(lake, BETWEEN)
    discard_known_lakes(lake)
    assert not log.exists(known, SALES_EVENTS)
    assert log.exists(lake, SALES_EVENTS)


HISTORY = "0" * 64
AT = datetime(2015, 4, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("fields", "source", "is_known"),
    [
        ({"date": "2015-03-31"}, HISTORY, True),
        ({"date": "2015-04-01"}, HISTORY, False),
        ({"date": "2015-03-31"}, "daily-sales:1", False),
        ({"date": "2015-03-31", "updated_at": "2015-04-01T12:00:01"}, HISTORY, False),
        ({"date": None, "updated_at": "2015-04-01T12:00:00", "op": "cancel"}, HISTORY, True),
        ({"date": None}, HISTORY, False),
        ({"date": "31st of March"}, HISTORY, False),
    ],
)
def test_before_the_lake_began_the_date_decides_of_a_files_record(
    fields: dict[str, str | None], source: str, is_known: bool
) -> None:
    assumed = KnownAtFilter(AT, profile(reception_days=1).sales, is_assumed=True)
    assert assumed.accepts(events(record(**fields), source=source)).to_pylist() == [is_known]


@pytest.mark.parametrize("is_assumed", [False, True])
def test_what_the_lake_had_by_then_was_received(is_assumed: bool) -> None:
    rows = events(record(date="2099-01-01"), record(date="2099-01-01"), source="daily-sales:1")
    at = rows.schema.get_field_index("ingested_at")
    times = pa.array([AT, AT + timedelta(microseconds=1)], TIMESTAMP)
    rows = rows.set_column(at, rows.schema.field(at), times)
    found = KnownAtFilter(AT, profile(reception_days=1).sales, is_assumed=is_assumed)
    assert found.accepts(rows).to_pylist() == [True, False]


def test_a_replayed_lake_is_named_by_its_time() -> None:
    made = known_lake(Lake("file:///lake"), AT)
    assert made.root == "file:///lake/known_at/20150401T120000.000000Z"


@pytest.mark.slow
@pytest.mark.parametrize("point", ["bronze removal", "silver removal"])
def test_a_replay_whose_removal_of_the_last_was_cut_off_is_as_any(lake: Lake, point: str) -> None:
    first = known_at(lake, BETWEEN)
    whole = content(first)
    with pytest.raises(Killed), hooked(kill_at(f"before {point}")):
        known_at(lake, BETWEEN, "--rebuild")
    shutil.rmtree(local_path(f"{first.root}/silver/daily_sales/_delta_log"))
    assert content(known_at(lake, BETWEEN)) == whole
