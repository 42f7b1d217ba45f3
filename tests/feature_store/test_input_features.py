"""Inputs in the panel: plans of the target month, history up to the cutoff, and who is gone."""

import dataclasses
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from builders import profile
from job_runs import run
from small_lakes import HISTORY, NOW, assemble_panels, random_sales, small_lake

import features.input_feature
from feature_store.panel import assembly
from features.calendar import days
from features.feature_set import TARGET, feature_set, panel_table
from features.input_feature import INPUT_FEATURES, InputFeature, every_day, stock_days
from forecasting.withdrawn import count_by_reason, with_reason
from jobs import build_panel
from lakehouse.delta.arrow import read_table
from lakehouse.delta.upserts import upsert_rows
from lakehouse.lake import Lake
from lakehouse.month_range import plus_months
from lakehouse.profile.lists import InputFile
from lakehouse.profile.profile import Profile
from lakehouse.profile.stored import stored_profile
from lakehouse.tables.inputs import INPUTS, STOCK_OUTS
from lakehouse.tables.silver import SHOPS

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

SALES = random_sales(1, 400)
CUTOFF, ALIAS = date(2015, 5, 1), "x"
ALL_MONTHS = [plus_months(HISTORY.first, i) for i in range(len(HISTORY) + 3)]
Rows = list[dict[str, Any]]


def declaring(*names: str) -> Profile:
    """The sample's profile with some inputs, or all."""
    files = {
        name: InputFile(file=f"{name}.csv", columns={f: f for f in INPUTS[name].fields})
        for name in names or INPUTS
    }
    return profile().model_copy(update={"inputs": files})


def put(lake: Lake, name: str, *rows: dict[str, Any]) -> None:
    """Write rows of an input."""
    table = INPUTS[name].table
    stamped = [{**dict.fromkeys(table.names), **row, "updated_at": NOW} for row in rows]
    upsert_rows(lake, table, pa.Table.from_pylist(stamped, table.schema))


def every_month(value: str, months: Iterable[date] = ALL_MONTHS, add: float = 0) -> Rows:
    """A number of shop 1 and item 10 that differs from month to month."""
    return [
        {"shop_id": "1", "item_id": "10", "month": month, value: month.month / 100 + add}
        for month in months
    ]


def lake_with_inputs(folder: Path, outs: Rows) -> Lake:
    """A lake with all inputs; shop 2 closed in April, item 11 was delisted in May."""
    lake = small_lake(folder, SALES, declaring())
    alias = {"shop_id": ALIAS, "alias_of": "2", "attributes": [], "updated_at": NOW, "name": None}
    upsert_rows(lake, SHOPS, pa.Table.from_pylist([alias], SHOPS.schema))
    put(lake, "promotions", *every_month("share"))
    promoted = {"item_id": "12", "month": date(2015, 3, 1), "share": 0.5}
    put(lake, "promotions", {"shop_id": ALIAS, **promoted})
    put(lake, "planned_prices", *every_month("price", add=5))
    put(lake, "stock_outs", *outs)
    dates = {"opened_on": date(2015, 1, 11), "closed_on": date(2015, 4, 5)}
    put(lake, "shop_dates", {"shop_id": "2", **dates})
    put(lake, "delistings", {"item_id": "11", "delisted_on": date(2015, 5, 31)})
    return lake


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    made = lake_with_inputs(tmp_path_factory.mktemp("inputs") / "lake", every_month("days", add=2))
    assemble_panels(made, "1,2")
    return made


def panel(lake: Lake, horizon: int = 1) -> pa.Table:
    table = panel_table(feature_set(stored_profile(lake)), "assortment", horizon)
    return read_table(lake, table).sort_by([(name, "ascending") for name in table.key])


def of_pair(lake: Lake, shop: str, item: str, horizon: int = 1) -> dict[date, dict[str, Any]]:
    rows = panel(lake, horizon).filter(
        (pc.field("shop_id") == shop) & (pc.field("item_id") == item)
    )
    return {row["month"]: row for row in rows.to_pylist()}


@pytest.mark.parametrize("horizon", [1, 2])
def test_plans_are_of_the_target_month_and_history_ends_at_the_cutoff(
    lake: Lake, horizon: int
) -> None:
    rows = of_pair(lake, "1", "10", horizon)
    assert len(rows) >= 5
    for month, row in rows.items():
        cutoff = plus_months(month, -horizon)
        assert row["promotion_share"] == pytest.approx(month.month / 100)
        assert row["planned_price"] == pytest.approx(month.month / 100 + 5)
        if cutoff in HISTORY:
            assert row["promotion_share_lag_1"] == pytest.approx(cutoff.month / 100)
            out = cutoff.month / 100 + 2
            assert row["stock_days_lag_1"] == pytest.approx(days(cutoff) - out)
            sold = row["shop_item_units_lag_1"]
            if sold is not None:
                rate = pytest.approx(sold / (days(cutoff) - out))
                assert row["units_per_stock_day_1"] == rate
        if row["item_price"]:
            change = row["planned_price"] / row["item_price"]
            assert row["planned_price_change"] == pytest.approx(change)


def test_a_pair_that_a_list_does_not_name_has_no_promotion_every_day_and_no_price(
    lake: Lake,
) -> None:
    row = of_pair(lake, "3", "13")[date(2015, 5, 1)]
    assert row["promotion_share"] == 0
    assert row["planned_price"] is None
    assert row["stock_days_lag_1"] == 30
    assert row["shop_open_days"] == 31


def test_a_shop_may_be_named_by_an_alias(lake: Lake) -> None:
    assert of_pair(lake, "2", "12")[date(2015, 3, 1)]["promotion_share"] == 0.5


def test_closed_shops_and_delisted_items_leave_the_assortment(lake: Lake) -> None:
    for horizon in (1, 2):
        rows = panel(lake, horizon)
        shop = rows.filter(pc.field("shop_id") == "2")["month"]
        item = rows.filter(pc.field("item_id") == "11")["month"]
        assert pc.max(shop).as_py() == date(2015, 4, 1)
        assert pc.max(item).as_py() == date(2015, 5, 1)
        assert pc.max(rows["month"]).as_py() == plus_months(HISTORY.last, horizon - 1)


def test_a_shop_is_open_from_its_first_day_to_its_last(lake: Lake) -> None:
    rows = of_pair(lake, "2", "12")
    assert [rows[date(2015, month, 1)]["shop_open_days"] for month in (2, 4)] == [28, 5]
    dates = {"opened_on": [date(2015, 1, 11), None], "closed_on": [None, date(2014, 1, 1)]}
    table = pa.table(dates, schema=pa.schema([(name, pa.date32()) for name in dates]))
    table = table.append_column("shop_id", pa.array(["1", "2"]))
    found = features.input_feature.open_days(table, date(2015, 1, 1)).to_pylist()
    assert found == [21, 0]


@pytest.mark.slow
def test_a_shop_that_closed_under_another_name_is_not_forecast(
    tmp_path: Path, spark: "SparkSession"
) -> None:
    may, pairs = date(2015, 5, 1), spark.sql("SELECT '2' AS shop_id, '12' AS item_id")
    declared = declaring("shop_dates")
    lake = small_lake(tmp_path / "lake", SALES, declaring("shop_dates"))
    alias = {"shop_id": ALIAS, "alias_of": "2", "attributes": [], "updated_at": NOW, "name": None}
    upsert_rows(lake, SHOPS, pa.Table.from_pylist([alias], SHOPS.schema))
    put(lake, "shop_dates", {"shop_id": ALIAS, "closed_on": date(2015, 4, 30)})
    assemble_panels(lake)
    assert max(of_pair(lake, "2", "12")) == date(2015, 4, 1)
    assert count_by_reason(with_reason(lake, declared, pairs, may)) == {"shop closed": 1}
    put(lake, "shop_dates", {"shop_id": "2", "opened_on": date(2015, 5, 1)})
    assemble_panels(lake)
    assert max(of_pair(lake, "2", "12")) == date(2015, 7, 1)
    assert count_by_reason(with_reason(lake, declared, pairs, may)) == {}


def assert_no_stock_out_after_the_cutoff_matters(folder: Path) -> None:
    """Other stock-outs after a cutoff change nothing of the rows that are a horizon after it."""
    known = [month for month in ALL_MONTHS if month <= CUTOFF]
    later = [month for month in ALL_MONTHS if month > CUTOFF]
    outs = [every_month("days"), [*every_month("days", known), *every_month("days", later, 9)]]
    lakes = [lake_with_inputs(folder / str(i), some) for i, some in enumerate(outs)]
    for lake in lakes:
        assemble_panels(lake, "1,2")
    for horizon in (1, 2):
        until = pc.field("month") <= plus_months(CUTOFF, horizon)
        one, other = (panel(lake, horizon).filter(until).drop_columns([TARGET]) for lake in lakes)
        assert one.num_rows > 50
        assert one.equals(other), f"stock-outs after the cutoff matter at horizon {horizon}"


@pytest.mark.slow
def test_no_stock_out_after_the_cutoff_changes_a_row_of_the_panel(tmp_path: Path) -> None:
    assert_no_stock_out_after_the_cutoff_matters(tmp_path)


@pytest.mark.slow
def test_the_law_catches_a_lag_that_forgets_the_horizon(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(features.input_feature, "known_month", lambda month, _: month)
    with pytest.raises(AssertionError, match="stock-outs after the cutoff matter at horizon 2"):
        assert_no_stock_out_after_the_cutoff_matters(tmp_path)


def test_what_is_not_known_ahead_cannot_be_read_of_the_target_month() -> None:
    with pytest.raises(ValueError, match="stock_outs of the target month is not known"):
        InputFeature("out", STOCK_OUTS, 0, stock_days, every_day, "days")


def test_every_declared_feature_of_the_target_month_is_known_ahead() -> None:
    of_target = [feature for feature in INPUT_FEATURES if feature.lag == 0]
    assert {feature.source.name for feature in of_target} == {
        name for name, source in INPUTS.items() if source.is_known_ahead
    } - {"delistings"}


def test_a_profile_without_inputs_has_none_of_their_columns() -> None:
    plain, full = feature_set(profile()), feature_set(declaring())
    added = [name for name in full.names if name not in plain.names]
    assert added == [
        *(feature.name for feature in INPUT_FEATURES),
        "planned_price_change",
        "units_per_stock_day_1",
    ]
    assert feature_set(declaring("delistings")).names == plain.names


def test_a_month_that_a_list_does_not_have_is_not_known() -> None:
    feature = next(f for f in INPUT_FEATURES if f.name == "stock_days_lag_1")
    nothing = feature.known(STOCK_OUTS.table.schema.empty_table(), CUTOFF, has_rows=False)
    assert nothing.absent is None
    assert dataclasses.replace(feature, lag=2).month_read(CUTOFF, 2) == date(2015, 2, 1)


@pytest.mark.slow
def test_a_panel_in_buckets_of_items_says_the_same_of_the_inputs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Most buckets have no row of an input's month, and yet the month is known."""
    outs = every_month("days", add=2)
    made = lake_with_inputs(tmp_path / "lake", outs)
    assemble_panels(made)
    whole = panel(made)
    monkeypatch.setattr(assembly, "ROWS_PER_TASK", 1)
    code, _ = run(build_panel.JOB, "--lake", made.root, "--rebuild")
    assert code == 0
    assert panel(made).equals(whole)
