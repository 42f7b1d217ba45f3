"""Panels of longer horizons: nothing after the cutoff is in them, and they are what they say."""

import argparse
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from job_runs import run
from meanings import UNCLIPPED
from small_lakes import HISTORY, assemble_panels, day_of, listed, random_sales, small_lake

from cli.arguments import horizons, written
from feature_store.panel import assembly
from feature_store.panel.month_inputs import PanelInputs
from feature_store.panel.rows import PanelRows
from feature_store.panel.task import PairsTask
from features.feature_set import TARGET, feature_set, panel_table
from jobs import build_panel
from lakehouse.delta import builds
from lakehouse.delta.arrow import read_table
from lakehouse.errors import RefusedError
from lakehouse.lake import Lake
from lakehouse.month_range import plus_months

pytestmark = pytest.mark.slow

FEATURES = feature_set(UNCLIPPED)
CUTOFF = date(2015, 4, 1)
HORIZONS = (1, 2, 3)
SALES = random_sales(1, 150)
# What is sold after the cutoff: other sales, of an item and a shop that were never seen before.
OTHERS = [sale | {"units": "5"} for sale in random_sales(2, 150)]
LATER = [
    *(sale for sale in OTHERS if day_of(sale) >= plus_months(CUTOFF, 1)),
    {"date": "05.05.2015", "shop_id": "9", "item_id": "99", "units": "4", "price": "1"},
]


def panel(lake: Lake, spine: str, horizon: int) -> pa.Table:
    table = panel_table(FEATURES, spine, horizon)
    return read_table(lake, table).sort_by([(name, "ascending") for name in table.key])


def known(rows: pa.Table, months: list[date]) -> pa.Table:
    """What is known of the rows of some target months at their cutoffs."""
    mine = rows.filter(pc.is_in(rows["month"], pa.array(months, pa.date32())))
    return mine.drop_columns([TARGET])


def assert_no_sale_after_the_cutoff_matters(folder: Path, horizon: int) -> None:
    """Two histories that are the same up to a cutoff have the same panel a horizon after it."""
    before = [sale for sale in SALES if day_of(sale) < plus_months(CUTOFF, 1)]
    one = small_lake(folder / "one", SALES)
    other = small_lake(folder / "other", [*before, *LATER])
    months = [month for month in HISTORY if month <= plus_months(CUTOFF, horizon)]
    for lake in (one, other):
        assemble_panels(lake, str(horizon))
    found, wanted = (known(panel(lake, "assortment", horizon), months) for lake in (other, one))
    assert wanted.num_rows > 50
    assert found.equals(wanted), f"sales after the cutoff matter at horizon {horizon}"


@pytest.mark.slow
@pytest.mark.parametrize(
    "horizon", [2, *(pytest.param(far, marks=pytest.mark.slow) for far in (1, 3))]
)
def test_no_sale_after_the_cutoff_changes_a_row_of_the_panel(tmp_path: Path, horizon: int) -> None:
    assert_no_sale_after_the_cutoff_matters(tmp_path, horizon)


@pytest.mark.slow
def test_the_law_catches_features_of_the_target_month_at_a_longer_horizon(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assembly, "known_month", lambda month, _: month)
    with pytest.raises(AssertionError, match="sales after the cutoff matter at horizon 2"):
        assert_no_sale_after_the_cutoff_matters(tmp_path, 2)


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A lake with the panels of three horizons on both spines."""
    items = listed(item_10=date(2015, 6, 3), item_11=date(2015, 5, 30))
    sold = [sale for sale in SALES if sale["item_id"] not in ("10", "11")]
    made = small_lake(tmp_path_factory.mktemp("horizons") / "lake", sold, items=items)
    for spine in ("assortment", "grid"):
        assemble_panels(made, "1,2,3", spine)
    return made


@pytest.mark.parametrize("spine", ["assortment", "grid"])
@pytest.mark.parametrize("horizon", [2, 3])
def test_features_are_those_known_at_the_cutoff_and_the_target_is_the_months_own(
    lake: Lake, horizon: int, spine: str
) -> None:
    near, far = panel(lake, spine, 1).to_pylist(), panel(lake, spine, horizon).to_pylist()
    key = ("shop_id", "item_id", "month")
    rows = {tuple(row[name] for name in key): row for row in near}
    groups = [name for group in FEATURES.groups for name in group.columns]
    of_month = [TARGET, *(feature.name for feature in FEATURES.calendar)]
    compared = {"features": 0, "targets": 0}
    for row in far:
        shop, item, month = (row[name] for name in key)
        if at_cutoff := rows.get((shop, item, plus_months(month, 1 - horizon))):
            compared["features"] += 1
            assert [row[name] for name in groups] == [at_cutoff[name] for name in groups]
        if at_month := rows.get((shop, item, month)):
            compared["targets"] += 1
            assert [row[name] for name in of_month] == [at_month[name] for name in of_month]
    assert min(compared.values()) > 20


def test_the_assortment_is_that_of_the_cutoff(lake: Lake) -> None:
    pairs = {
        h: {
            (row["shop_id"], row["item_id"], plus_months(row["month"], 1 - h))
            for row in panel(lake, "assortment", h).to_pylist()
            if row["month"] >= plus_months(HISTORY.first, h - 1)
        }
        for h in HORIZONS
    }
    assert pairs[1] == pairs[2] == pairs[3]
    new = {h: set(months_of(lake, "10", h)) for h in HORIZONS}
    assert new[1] == {date(2015, 7, 1)}, "listed on 3 June, so known in July"
    assert new[3] == {date(2015, 9, 1)}
    assert months_of(lake, "11", 2) == [date(2015, 7, 1), date(2015, 8, 1)]


def months_of(lake: Lake, item: str, horizon: int) -> list[date]:
    rows = panel(lake, "assortment", horizon)
    return sorted(set(rows.filter(pc.field("item_id") == item)["month"].to_pylist()))


def test_the_targets_reach_a_horizon_from_the_cutoff_and_are_null_where_open(lake: Lake) -> None:
    for horizon in HORIZONS:
        rows = panel(lake, "assortment", horizon)
        assert pc.max(rows["month"]).as_py() == plus_months(HISTORY.last, horizon - 1)
        is_open = pc.greater_equal(rows["month"], pa.scalar(HISTORY.last))
        assert pc.is_null(rows[TARGET]).equals(is_open)
        assert pc.max(panel(lake, "grid", horizon)["month"]).as_py() < HISTORY.last


def test_a_horizon_is_assembled_again_only_where_its_features_or_actuals_changed(
    lake: Lake,
) -> None:
    everything = ("--lake", lake.root, "--horizons", "1,2,3")
    code, figures = run(build_panel.JOB, *everything)
    assert (code, figures["months"]) == (0, 0)
    tables = [panel_table(FEATURES, "assortment", h) for h in HORIZONS]
    digests = [builds.read_digests(lake, table) for table in tables]
    assert len({digest[HISTORY.last] for digest in digests}) == len(HORIZONS)


@pytest.mark.parametrize("horizon", HORIZONS)
def test_given_pairs_are_looked_up_as_the_panel_has_them(lake: Lake, horizon: int) -> None:
    month = plus_months(HISTORY.last, horizon - 1)
    stored = panel(lake, "assortment", horizon).filter(pc.field("month") == month)
    files = assembly.files_by_month(lake, FEATURES, horizon)(month)
    task = PairsTask(PanelInputs(lake, FEATURES, month, files, horizon))
    found = pa.Table.from_batches(task(stored.select(["shop_id", "item_id"]).to_batches()))
    assert found.to_pylist() == stored.select(found.column_names).to_pylist()


def test_a_horizon_that_was_not_assembled_is_refused_with_the_remedy(lake: Lake) -> None:
    rows = PanelRows(lake, FEATURES, "assortment", (HISTORY.last,), horizon=4)
    with pytest.raises(RefusedError, match="gold/panel_h4 lacks"):
        rows.files()


@pytest.mark.parametrize("text", ["0", "1,13", "one", "", "-1", "1;2"])
def test_what_is_no_horizon_is_wrong_use(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="are not horizons; write whole months"):
        horizons(text)


def test_horizons_are_taken_in_order_and_once() -> None:
    assert horizons("3,1, 2,1") == (1, 2, 3)
    assert written(horizons("2,1")) == "1,2"
