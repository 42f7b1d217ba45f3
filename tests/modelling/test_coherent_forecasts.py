"""A forecast lies between the quantiles of its row."""

import numpy as np

from modelling.estimators.predict import coherent

# forecast, p10, p50, p90, p95
ROWS = [
    ([0.03, 0, 0, 0, 0], 0),
    ([0.49, 0, 0, 1, 2], 0.49),
    ([7.5, 0, 1, 3, 4], 4),
    ([0.5, 1, 2, 3, 4], 1),
]


def test_a_forecast_is_kept_within_its_quantiles() -> None:
    given = np.array([row for row, _ in ROWS], dtype=float)
    found = coherent(given)
    assert found[:, 0].tolist() == [expected for _, expected in ROWS]
    assert (found[:, 1:] == given[:, 1:]).all()


def test_a_forecast_without_quantiles_stays() -> None:
    assert coherent(np.array([[0.03], [7.5]])).tolist() == [[0.03], [7.5]]
