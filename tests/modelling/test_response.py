"""What is learned of units leads back to them."""

from datetime import date

import numpy as np
import pyarrow as pa
import pytest

from features.feature_set import TARGET
from lakehouse.errors import RefusedError
from lakehouse.profile.model import ResponseConfig
from modelling.estimators.response import Response

DECLARED = ResponseConfig(
    scale=["lag", "mean"], floor=0.5, base={"lag": 0.5, "mean": 0.25}, weight_power=2
)


def batch() -> pa.RecordBatch:
    return pa.RecordBatch.from_pydict(
        {
            "lag": pa.array([4, None, 0.1], pa.float32()),
            "mean": pa.array([2, 8, None], pa.float32()),
            TARGET: pa.array([6, 2, 0], pa.float32()),
        }
    )


def test_the_label_is_the_deviation_from_the_base_in_scales() -> None:
    labelled = Response(DECLARED).labels(batch(), date(2015, 1, 1))
    expected = [(6 - 2 - 0.5) / 4, (2 - 0 - 2) / 8, (0 - 0.05) / 0.5]
    assert labelled.label.tolist() == pytest.approx(expected)


def test_a_row_weighs_its_scale_to_the_power() -> None:
    labelled = Response(DECLARED).labels(batch(), date(2015, 1, 1))
    assert labelled.weight is not None
    assert labelled.weight.tolist() == pytest.approx([16, 64, 0.25])


@pytest.mark.parametrize("section", [DECLARED, ResponseConfig()])
def test_labels_lead_back_to_units(section: ResponseConfig) -> None:
    response = Response(section)
    labels = np.stack([response.label(batch())] * 2, axis=1)
    units = response.units(batch().drop_columns([TARGET]), labels)
    np.testing.assert_allclose(units, np.array([[6, 6], [2, 2], [0, 0]]), atol=1e-6)


def test_a_column_that_is_no_feature_is_refused() -> None:
    with pytest.raises(RefusedError, match=r"model\.response reads mean, which is not a feature"):
        Response(DECLARED).require(["lag"])


@pytest.mark.parametrize(
    ("stored", "base"),
    [
        ({"base": "lag", "base_share": 0.5}, {"lag": 0.5}),
        ({"base": "lag"}, {"lag": 1.0}),
        ({"base": None, "base_share": 1.0}, {}),
        ({"base": {"lag": 0.3, "mean": 0.4}}, {"lag": 0.3, "mean": 0.4}),
    ],
)
def test_a_base_of_one_column_is_read_as_it_was_stored(
    stored: dict[str, object], base: dict[str, float]
) -> None:
    assert ResponseConfig.model_validate(stored) == ResponseConfig(base=base)
