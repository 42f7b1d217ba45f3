"""The matrix of bins learns what xgboost learns from the rows themselves, nulls among them."""

import numpy as np
import pyarrow as pa
import pytest
import xgboost as xgb
from panels import made_up_panel, made_up_rows

from feature_store.panel.rows import PanelRows
from features.feature_set import TARGET
from lakehouse.lake import Lake
from modelling.estimators.binned_matrix import bins, draw
from modelling.estimators.boosting import BoostingTask, Learning
from modelling.estimators.collective import panel_shares
from modelling.estimators.model_inputs import ModelColumns
from modelling.estimators.panel_batches import targets

PARAMETERS = {"max_depth": 5, "learning_rate": 0.2, "min_child_weight": 5, "tree_method": "hist"}
NAMES = ("near", "far", "rare")
INPUTS = ModelColumns(NAMES, {})


@pytest.fixture
def rows(lake: Lake) -> PanelRows:
    return made_up_panel(lake, [3000, 3000])


@pytest.fixture
def table() -> pa.Table:
    return pa.concat_tables([made_up_rows(n, 3000) for n in range(2)])


@pytest.mark.slow
@pytest.mark.parametrize("objective", ["reg:squarederror", "reg:absoluteerror"])
def test_it_learns_what_xgboost_learns_alone(
    rows: PanelRows, table: pa.Table, objective: str
) -> None:
    parameters = PARAMETERS | {"objective": objective}
    data = xgb.DMatrix(table.select(NAMES), label=table[TARGET].to_numpy())
    alone = xgb.train(parameters, data, 40)
    found = Learning(BoostingTask(INPUTS, parameters, 40), panel_shares(rows, INPUTS, 1)).fit(0)
    unseen = made_up_rows(9, 5000)
    errors = [
        np.sqrt(np.mean((b.inplace_predict(unseen.select(NAMES)) - unseen[TARGET].to_numpy()) ** 2))
        for b in (found, alone)
    ]
    assert errors[0] == pytest.approx(errors[1], rel=0.03)
    assert errors[1] < 1


def test_a_matrix_whose_nulls_are_filled_is_dense(rows: PanelRows, table: pa.Table) -> None:
    """A cell of a dense matrix takes a byte, of one with missing values four and more."""
    filled = ModelColumns(NAMES, dict.fromkeys(NAMES, -100.0))
    (share,) = panel_shares(rows, filled, 1)
    binned = bins(share, 1.0, 64, 1).matrix(share, targets)
    assert binned.num_row() == len(table)
    assert binned.num_nonmissing() == len(table) * len(NAMES)


def test_a_draw_of_rows_bounds_bins_as_all_rows_do(rows: PanelRows) -> None:
    """The first bound is below all values, drawn or not."""
    (share,) = panel_shares(rows, INPUTS, 1)
    bounds, values = bins(share, 0.5, 16, 1).reference.get_quantile_cut()
    _, whole = bins(share, 1.0, 16, 1).reference.get_quantile_cut()
    np.testing.assert_allclose(np.diff(bounds.astype(int)), 16, atol=1)
    np.testing.assert_allclose(values[1:14], whole[1:14], atol=0.3)


def test_a_draw_is_the_same_every_time_and_about_as_large_as_asked(rows: PanelRows) -> None:
    (share,) = panel_shares(rows, INPUTS, 1)
    drawn = [pa.concat_tables(draw(share, 0.2)) for _ in range(2)]
    assert drawn[0] == drawn[1]
    assert len(drawn[0]) == pytest.approx(1200, rel=0.1)
