"""Estimator protocol: an estimator learns from panel rows and returns a model that forecasts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from lakehouse.profile.model import ModelConfig
from lakehouse.profile.profile import Clip, bounds_of

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from feature_store.panel.rows import PanelRows

SEED = 7


@dataclass(frozen=True)
class EstimatorSettings:
    """The settings of an estimator.

    Attributes:
        features: panel columns to learn from, in order.
        model: the profile's section ``model``.
        clip: bounds of forecasts, units; None: the only bound is 0 from below.
        workers: tasks that train together; None: every task slot.
    """

    features: tuple[str, ...]
    model: ModelConfig
    clip: Clip | None = None
    workers: int | None = None

    @property
    def bounds(self) -> tuple[float, float]:
        """The least and the greatest forecast, units."""
        return bounds_of(self.clip)


class Model(Protocol):
    """A fitted model."""

    def predict(self, rows: "DataFrame") -> "DataFrame":
        """Forecast panel rows.

        Args:
            rows: ``[shop_id, item_id, month, *features, …]``; ids may be unknown and features null.

        Returns:
            The columns of ``rows``, then ``forecast``, ``p10``, ``p50``, ``p90`` and ``p95``,
            FLOAT, units within the bounds of the settings. The quantiles do not decrease; the
            quantiles are null if the model has no intervals.
        """

    def importance(self) -> Mapping[str, float]:
        """Return feature → importance, in the family's own measure; may be empty."""

    def save(self, folder: Path) -> None:
        """Write everything that ``Estimator.load`` needs to an existing, empty local folder."""


class Estimator(Protocol):
    """A model family with settings.

    Attributes:
        name: column name of the family in results; a Python identifier.
    """

    name: str

    def fit(self, rows: "PanelRows", spark: "SparkSession") -> Model:
        """Fit a model to panel rows; no target is null.

        Raises:
            RefusedError: the months have no panel rows; run build_panel.
        """

    def describe(self) -> Mapping[str, object]:
        """Return the parameters to log in MLflow."""

    def load(self, folder: Path) -> Model:
        """Read a model that ``Model.save`` wrote to a folder."""


Factory = Callable[[EstimatorSettings], Estimator]
