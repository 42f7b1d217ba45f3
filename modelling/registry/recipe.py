"""A recipe: all that one needs to make a model again on other months."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from pydantic import ValidationError

from lakehouse.delta import log
from lakehouse.errors import RefusedError
from lakehouse.profile import model as model_section
from lakehouse.profile.profile import Clip
from modelling.estimators.estimator import Estimator, Settings
from modelling.estimators.families import estimator


@dataclass(frozen=True)
class Recipe:
    """How a model is made.

    Attributes:
        estimator: name of the family, or ``package.module:Factory``.
        parameters: the profile's section model as JSON, as it was.
        features: columns to learn from, in their order.
        spine: rows to learn from: ``assortment`` or ``grid``.
        horizon: months from cutoff to target month.
    """

    estimator: str
    parameters: Mapping[str, Any]
    features: tuple[str, ...]
    spine: str
    horizon: int

    @classmethod
    def of_json(cls, text: str) -> "Recipe":
        """Read what ``as_json`` wrote."""
        found = json.loads(text)
        return cls(**{**found, "features": tuple(found["features"])})

    @property
    def as_json(self) -> str:
        """The recipe as text."""
        return json.dumps(asdict(self), sort_keys=True)

    @property
    def digest(self) -> str:
        """Equal digests, equal recipes."""
        return log.digest(self.as_json)

    def made(self, clip: Clip | None, workers: int | None = None) -> Estimator:
        """Make the estimator.

        Args:
            clip: bounds of forecasts.
            workers: tasks that train together; None: every task slot.

        Raises:
            RefusedError: its parameters are not those that the program has now.
        """
        try:
            model = model_section.Model.model_validate(self.parameters)
        except ValidationError as error:
            fault = error.errors()[0]
            raise RefusedError(
                f"a model's recipe has {'.'.join(map(str, fault['loc']))}: {fault['msg']}; it was "
                "made by another program, run jobs.train, then jobs.promote."
            ) from None
        return estimator(self.estimator, Settings(self.features, model, clip, workers))
