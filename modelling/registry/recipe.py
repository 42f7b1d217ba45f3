"""Recipe: everything needed to fit a model again on other months."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from pydantic import ValidationError

from lakehouse.delta import log
from lakehouse.errors import RefusedError
from lakehouse.profile.model import ModelConfig
from lakehouse.profile.profile import Clip
from modelling.estimators.estimator import Estimator, EstimatorSettings
from modelling.estimators.families import make_estimator


@dataclass(frozen=True)
class Recipe:
    """The choices from which a model is fitted.

    Attributes:
        estimator: name of the family, or ``package.module:Factory``.
        parameters: the profile's section ``model`` at training time, as JSON.
        features: panel columns to learn from, in order.
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
        """Parse a recipe from the text that ``as_json`` returns."""
        fields = json.loads(text)
        return cls(**{**fields, "features": tuple(fields["features"])})

    @property
    def as_json(self) -> str:
        """The recipe as JSON text with sorted keys."""
        return json.dumps(asdict(self), sort_keys=True)

    @property
    def digest(self) -> str:
        """The digest of the recipe's text; equal recipes have equal digests."""
        return log.digest(self.as_json)

    def estimator_for(self, clip: Clip | None, workers: int | None = None) -> Estimator:
        """Make the recipe's estimator.

        Args:
            clip: bounds of forecasts, units; None: the only bound is 0 from below.
            workers: tasks that train together; None: every task slot.

        Raises:
            RefusedError: this program does not accept the recipe's parameters; train and promote
                again.
        """
        try:
            model = ModelConfig.model_validate(self.parameters)
        except ValidationError as error:
            fault = error.errors()[0]
            raise RefusedError(
                f"the model's recipe: {'.'.join(map(str, fault['loc']))}: {fault['msg']}; another "
                "program made the model; run jobs.train, then jobs.promote."
            ) from None
        return make_estimator(
            self.estimator, EstimatorSettings(self.features, model, clip, workers)
        )
