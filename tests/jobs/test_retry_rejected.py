"""Rejected records, put through again after a fix: as if they had never been rejected."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from builders import data_folder, events, own_id_profile, profile, record, sale_line, sales_text
from job_runs import run
from lakes import ingest_events, rows, versions

from ingestion import retry
from ingestion.catalogue.messages import MALFORMED, MESSAGE
from ingestion.reconciliation import reconcile
from ingestion.reconciliation.reconciliation import require_balance
from jobs import ingest_history
from jobs.retry_rejected import JOB
from lakehouse.delta import creation, log, work
from lakehouse.delta.arrow import append_rows
from lakehouse.delta.deletes import delete_rows
from lakehouse.lake import Lake
from lakehouse.profile.profile import Profile
from lakehouse.profile.stored import claim_lake, stored_profile
from lakehouse.tables.bronze import CATALOGUE_EVENTS, REJECTED_SALES, SALES_EVENTS
from lakehouse.tables.silver import DAILY_OFFERS, DAILY_SALES, MONTHS, SHOPS

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

SHIPPED = Path(__file__).parents[2] / "lakehouse" / "profile" / "profiles" / "sample.toml"
TABLES = (SALES_EVENTS, REJECTED_SALES, DAILY_SALES, DAILY_OFFERS, MONTHS)
SALES = sales_text(
    sale_line(),
    sale_line(),
    sale_line(item_id="11", item_cnt_day="-1.0"),
    sale_line(date="2015.03.07", item_cnt_day="two"),
    sale_line(item_id=""),
    "07.03.2015,26,1",
    sale_line(item_cnt_day="0"),
    sale_line(date="28.02.2015", item_price="500"),
)
FIRST, SECOND = (f"2016-0{month}-01T00:00:00Z" for month in (1, 2))

pytestmark = pytest.mark.usefixtures("spark")


@pytest.fixture(params=["here", pytest.param("workers", marks=pytest.mark.slow)])
def place(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether this process puts the records through, or the workers do."""
    if request.param == "workers":
        monkeypatch.setattr(work, "FEW_RECORDS", 1)


def changed(folder: Path, old: str, new: str) -> Path:
    """The shipped profile with another text in it."""
    text = SHIPPED.read_text()
    assert old in text
    path = folder / "changed.toml"
    # Half of these records and more are rejected at first.
    text = text.replace("[sales]", "[sales]\nmost_rejected = 1", 1)
    path.write_text(text.replace(old, new))
    return path


def ingest(lake: Lake, folder: Path, meaning: object) -> None:
    data = data_folder(folder / "data", sales_a=SALES)
    code, figures = run(
        ingest_history.JOB, "--data", data, "--profile", meaning, "--lake", lake.root
    )
    assert code == 0, figures


def again(lake: Lake, *arguments: object) -> dict[str, Any]:
    code, figures = run(JOB, "--lake", lake.root, *arguments)
    assert (code, figures.pop("status")) == (0, "done"), figures
    return figures


FAULTS = {
    "a date format": ('"dd.MM.yyyy"', '"yyyy-MM-dd"', 5),
    "a bound": ("max = 100000", "max = 9", 5),
    "another bound": ("min = -100", "min = 1", 2),
}


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize(
    "fault",
    [pytest.param(n, marks=pytest.mark.slow if i else ()) for i, n in enumerate(FAULTS)],
)
def test_a_lake_whose_profile_is_put_right_is_as_one_that_had_the_right_profile(
    fault: str, lake: Lake, tmp_path: Path
) -> None:
    right = Lake.at(str(tmp_path / "right"))
    ingest(right, tmp_path, "sample")
    old, new, accepted = FAULTS[fault]
    ingest(lake, tmp_path, changed(tmp_path, old, new))
    assert rows(lake, DAILY_SALES) != rows(right, DAILY_SALES)
    figures = again(lake, "--profile", "sample")
    assert figures["accepted"] == accepted
    assert (figures["retried"], figures["still_rejected"]) == (accepted + 3, 3)
    assert figures["still_rejected_by_reason"] == {
        "date_unparsable": 1,
        "item_id_missing": 1,
        "record_malformed": 1,
        "units_unparsable": 1,
    }
    for table in TABLES:
        names = [name for name in table.names if name != "closed_at"]
        assert rows(lake, table, *names) == rows(right, table, *names)
    assert stored_profile(lake) == stored_profile(right)
    sources = sorted({source for (source,) in rows(lake, SALES_EVENTS, "source")})
    require_balance(reconcile.reconcile_files(lake, sources, stored_profile(lake)))


@pytest.mark.usefixtures("place")
def test_a_second_run_changes_nothing(lake: Lake, tmp_path: Path) -> None:
    ingest(lake, tmp_path, changed(tmp_path, "max = 100000", "max = 9"))
    again(lake, "--profile", "sample")
    before = versions(lake, *TABLES)
    figures = again(lake)
    assert (figures["retried"], figures["accepted"]) == (3, 0)
    assert versions(lake, *TABLES) == before


@pytest.mark.usefixtures("place")
def test_what_is_broken_otherwise_stays_with_its_new_reasons(lake: Lake, tmp_path: Path) -> None:
    ingest(lake, tmp_path, "sample")
    narrow = changed(tmp_path, "min = 0.01, max = 100000", "min = 10, max = 100000")
    again(lake, "--profile", narrow)
    reasons = rows(lake, REJECTED_SALES, "offset", "reasons")
    assert reasons == [
        (3, ["date_unparsable", "units_unparsable", "price_implausible"]),
        (4, ["item_id_missing", "price_implausible"]),
        (5, ["record_malformed"]),
    ]


def bounded(most: float) -> Profile:
    """A profile of sales with an id and a version, whose price has a bound."""
    own = own_id_profile()
    price = {"min": 0.01, "max": most}
    plausible = {**own.sales.plausible.model_dump(mode="json"), "price": price}
    sales = own.sales.model_copy(
        update={"plausible": type(own.sales.plausible).model_validate(plausible)}
    )
    return own.model_copy(update={"sales": sales})


@pytest.mark.slow
@pytest.mark.usefixtures("place")
def test_versions_decide_whatever_was_rejected_in_between(
    spark: "SparkSession", lake: Lake
) -> None:
    """From Kafka: a correction that came since stays, a newer one that was rejected wins."""
    claim_lake(lake, bounded(100))
    stream = [
        record(sale_id="corrected", price="500", updated_at=FIRST),
        record(sale_id="corrected", price="5", updated_at=SECOND),
        record(sale_id="late", price="5", updated_at=FIRST),
        record(sale_id="late", date="2015-05-01", price="500", updated_at=SECOND),
        record(sale_id="new", price="500", date="2015-01-01", updated_at=FIRST),
        record(sale_id="wrong", price="5000", updated_at=FIRST),
    ]
    received = events(*stream, source="daily-sales/1", offsets=range(100, 106))
    ingest_events(spark, lake, received, bounded(100))
    assert rows(lake, DAILY_SALES, "sale_id", "offset") == [("corrected", 101), ("late", 102)]
    claim_lake(lake, bounded(1000))
    figures = again(lake)
    assert (figures["retried"], figures["accepted"], figures["still_rejected"]) == (4, 3, 1)
    assert rows(lake, DAILY_SALES, "sale_id", "source", "offset", "price") == [
        ("corrected", "daily-sales/1", 101, 5),
        ("late", "daily-sales/1", 103, 500),
        ("new", "daily-sales/1", 104, 500),
    ]
    assert rows(lake, REJECTED_SALES, "offset", "reasons") == [(105, ["price_implausible"])]
    months = [f"{month:%Y-%m}" for (month,) in rows(lake, MONTHS, "month")]
    assert (months[0], months[-1]) == ("2015-01", "2015-05")


@pytest.mark.slow
def test_named_sales_among_files_without_ids_are_one_sale_in_two_months(
    spark: "SparkSession", lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the workers: a month at a time would keep both versions of a sale that moved."""
    monkeypatch.setattr(work, "FEW_RECORDS", 1)
    tight = profile(plausible={"price": {"min": 1, "max": 9}, "units": {"min": 1, "max": 9}})
    wide = profile(plausible={"price": {"min": 1, "max": 99}, "units": {"min": 1, "max": 9}})
    claim_lake(lake, tight)
    moved = [
        record(sale_id="a", date=day, updated_at=version)
        for day, version in (("2015-04-01", SECOND), ("2015-03-07", FIRST))
    ]
    ingest_events(spark, lake, events(*moved, source="topic"), tight)
    claim_lake(lake, wide)
    assert again(lake)["accepted"] == 2
    assert rows(lake, DAILY_SALES, "sale_id", "offset") == [("a", 0)]


def interrupt(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def delete_and_interrupt(*arguments: Any) -> None:
    delete_rows(*arguments)
    interrupt()


CUTS: dict[str, tuple[str, Callable[..., None]]] = {
    "before silver": ("merge_few_sales", interrupt),
    "after silver": ("delete_rows", interrupt),
    "after the removal": ("delete_rows", delete_and_interrupt),
}


@pytest.mark.slow
@pytest.mark.parametrize("cut", CUTS)
def test_a_run_that_is_cut_off_loses_nothing_and_is_completed_by_the_next(
    cut: str, lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = Lake.at(str(tmp_path / "right"))
    ingest(right, tmp_path, "sample")
    ingest(lake, tmp_path, changed(tmp_path, "max = 100000", "max = 9"))
    with monkeypatch.context() as patched:
        patched.setattr(retry, *CUTS[cut])
        assert run(JOB, "--lake", lake.root, "--profile", "sample")[0] == 130
    found = len(rows(lake, DAILY_SALES)) + len(rows(lake, REJECTED_SALES))
    assert found >= len(rows(right, DAILY_SALES)), "every record is in one of them"
    again(lake)
    for table in (REJECTED_SALES, DAILY_SALES, DAILY_OFFERS):
        assert rows(lake, table) == rows(right, table)
    assert rows(lake, MONTHS, "month") == rows(right, MONTHS, "month")


def test_without_rejected_records_there_is_nothing_to_do(lake: Lake) -> None:
    claim_lake(lake, profile())
    nothing = {"retried": 0, "accepted": 0, "still_rejected": 0, "still_rejected_by_reason": {}}
    assert again(lake) == nothing


@pytest.mark.parametrize(
    ("arguments", "message"),
    [((), "run ingest_history first"), (("--profile", "1c"), "made with profile 'sample'")],
    ids=["no lake", "another profile"],
)
def test_what_cannot_be_retried_is_refused(
    lake: Lake, arguments: tuple[str, ...], message: str
) -> None:
    if arguments:
        claim_lake(lake, profile())
    code, figures = run(JOB, "--lake", lake.root, *arguments)
    assert code == 3
    assert message in figures["error"]


def message(**fields: Any) -> bytes:
    """A message of the catalogue."""
    return json.dumps({"updated_at": FIRST, **fields}).encode()


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("is_stored", [True, False])
def test_rejected_messages_of_the_catalogue_are_retried_as_such(
    spark: "SparkSession", lake: Lake, is_stored: bool
) -> None:
    """A sale sent to the catalogue's topic is none; what is fine by now changes the catalogue.

    So also where an earlier version of the program judged a message as a sale.
    """
    claim_lake(lake, profile())
    creation.create_table(lake, SHOPS)
    values = [record(), message(shops=[{"shop_id": "7", "name": "Seven"}]), b"no catalogue"]
    sent = events(*values, source="catalogue:uuid", offsets=range(3))
    if is_stored:
        received = sent.append_column("entity", pa.repeat(MESSAGE, 3))
        append_rows(lake, CATALOGUE_EVENTS, received)
    judged = [["date_unparsable"], [MALFORMED], ["record_malformed"]]
    reasons = judged if is_stored else [[MALFORMED]] * 3
    kept = sent.append_column("reasons", pa.array(reasons, pa.list_(pa.string())))
    append_rows(lake, REJECTED_SALES, kept)
    ingest_events(spark, lake, events(record(units="x")), profile())
    figures = again(lake)
    assert (figures["retried"], figures["accepted"], figures["still_rejected"]) == (4, 1, 3)
    assert rows(lake, SHOPS, "shop_id", "name") == [("7", "Seven")]
    assert not log.exists(lake, DAILY_SALES) or rows(lake, DAILY_SALES) == []
    assert figures["still_rejected_by_reason"] == {MALFORMED: 2, "units_unparsable": 1}
    before = versions(lake, SHOPS, REJECTED_SALES)
    assert again(lake)["accepted"] == 0
    assert versions(lake, SHOPS, REJECTED_SALES) == before


@pytest.mark.usefixtures("place")
def test_a_rejected_delivery_of_a_day_is_retried_as_a_whole(
    spark: "SparkSession", lake: Lake
) -> None:
    claim_lake(lake, bounded(100))
    lines = [
        {"sale_id": f"line-{price}", "item_id": "13", "units": 1, "price": price}
        for price in ("9", "500")
    ]
    day = {"op": "replace", "shop_id": "1", "date": "2015-03-07", "updated_at": SECOND}
    left_out = record(sale_id="old", item_id="10", price="5", updated_at=FIRST)
    delivery = json.dumps({**day, "lines": lines}).encode()
    ingest_events(spark, lake, events(left_out, delivery), bounded(100))
    assert rows(lake, REJECTED_SALES, "offset", "reasons") == [(1, ["price_implausible"])]
    assert again(lake)["accepted"] == 0
    claim_lake(lake, bounded(1000))
    assert again(lake)["accepted"] == 1
    assert rows(lake, REJECTED_SALES) == []
    assert rows(lake, DAILY_SALES, "sale_id", "is_cancelled") == [
        ("line-500", False), ("line-9", False), ("old", True)
    ]  # fmt: skip
