"""Forecast versions in gold.forecast_versions: their inputs, the served version, publication."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime

import pyarrow as pa

from features.feature_set import SPINES, FeatureSet, panel_table
from features.tables import features_table
from lakehouse.delta import listing, log
from lakehouse.delta.arrow import Filters, append_rows, read_table
from lakehouse.forecast_versions import PUBLISHED, WITHDRAWN
from lakehouse.lake import Lake
from lakehouse.month_range import plus_months
from lakehouse.tables.gold import FORECAST_VERSIONS

MODELS = "models"


@dataclass(frozen=True)
class ForecastVersion:
    """A row of gold.forecast_versions.

    Attributes:
        version: name of the version; names sort by time.
        cutoff: last month whose sales were visible.
        model: MLflow runs that made the models, joined by commas.
        inputs: JSON as ``forecast_inputs`` writes.
        rows: number of forecasts.
        status: ``published`` or ``withdrawn``.
        published_at: time of publication.
        withdrawn_at: time of withdrawal; None: not withdrawn, or at an unknown time.
    """

    version: str
    cutoff: date
    model: str
    inputs: str
    rows: int
    status: str
    published_at: datetime
    withdrawn_at: datetime | None = None

    @property
    def models(self) -> dict[int, str]:
        """Horizon → MLflow run of the model that made the forecasts.

        If ``inputs`` does not name models by horizon, an older program made the version, with
        horizon 1 only.
        """
        by_horizon = json.loads(self.inputs).get(MODELS, {"1": self.model})
        return {int(horizon): str(run) for horizon, run in by_horizon.items()}

    @property
    def months(self) -> dict[int, date]:
        """Horizon → target month."""
        return {horizon: plus_months(self.cutoff, horizon) for horizon in self.models}

    def was_withdrawn_before(self, month: date) -> bool:
        """Check whether the version was withdrawn before a month began, or at an unknown time."""
        at = self.withdrawn_at
        return self.status == WITHDRAWN and (at is None or at.date() < month)


def forecast_inputs(
    lake: Lake, features: FeatureSet, cutoff: date, runs: Mapping[int, str], pairs: str | None
) -> str:
    """Write the inputs of a version as JSON, for the column ``inputs`` of gold.forecast_versions.

    The JSON has the digests of the tables read, the MLflow run per horizon, and the list of pairs.
    """
    panels = {h: panel_table(features, SPINES[0], h) for h in runs}
    read = [(t, plus_months(cutoff, h)) for h, t in panels.items()]
    read += [(features_table(group), plus_months(cutoff, 1)) for group in features.groups]
    digests = {
        t.path: listing.month_digests(lake, t).get(m) for t, m in read if log.exists(lake, t)
    }
    return json.dumps({**digests, MODELS: runs, "pairs": pairs or SPINES[0]})


def read_versions(lake: Lake, filters: Filters = ()) -> list[ForecastVersion]:
    """Read rows of gold.forecast_versions; none if the table does not exist."""
    if not log.exists(lake, FORECAST_VERSIONS):
        return []
    rows = read_table(lake, FORECAST_VERSIONS, filters=filters).to_pylist()
    return [ForecastVersion(**row) for row in rows]


def newest_version(lake: Lake) -> ForecastVersion | None:
    """Return the newest published version; None: no version is published."""
    published = read_versions(lake, [("status", "=", PUBLISHED)])
    return max(published, key=lambda version: version.version, default=None)


def publish(lake: Lake, version: ForecastVersion) -> None:
    """Publish a version: append the version's row to gold.forecast_versions in one commit.

    The version's forecasts must already be in gold.forecasts; the commit makes the API serve them.
    """
    row = pa.Table.from_pylist([asdict(version)], FORECAST_VERSIONS.schema)
    append_rows(lake, FORECAST_VERSIONS, row)
