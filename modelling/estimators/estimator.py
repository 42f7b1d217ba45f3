"""What an estimator is: it learns from panel rows, and its models forecast panel rows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from lakehouse.profile import model as model_section
from lakehouse.profile.profile import Clip, bounds_of

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from feature_store.panel.rows import PanelRows

SEED = 7


@dataclass(frozen=True)
class Settings:
    """What an estimator is made with.

    Attributes:
        features: panel columns to learn from, in their order.
        model: the profile's section.
        clip: bounds of forecasts; None: they are only kept from falling below 0.
        workers: tasks that train together; None: every task slot.
    """

    features: tuple[str, ...]
    model: model_section.Model
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
            rows: has the features; unknown ids and null features occur, other columns may.

        Returns:
            The columns of ``rows``, then ``forecast``, ``p10``, ``p50``, ``p90`` and ``p95``,
            FLOAT, units within the bounds of the settings. The quantiles do not decrease; they are
            null where the model has none.
        """

    def importance(self) -> Mapping[str, float]:
        """Return how much each feature brought, in the family's own measure; may be empty."""

    def save(self, folder: Path) -> None:
        """Write all that ``Estimator.load`` needs to a local folder, which exists and is empty."""


class Estimator(Protocol):
    """A family of models, with its settings.

    Attributes:
        name: what the family is called in results; an identifier.
    """

    name: str

    def fit(self, rows: "PanelRows", spark: "SparkSession") -> Model:
        """Learn from panel rows, none of which has a null target.

        Raises:
            RefusedError: there are no rows.
        """

    def describe(self) -> Mapping[str, Any]:
        """Return the parameters, as MLflow keeps them."""

    def load(self, folder: Path) -> Model:
        """Read a model that was saved to a folder."""


Factory = Callable[[Settings], Estimator]
