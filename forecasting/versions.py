"""Forecast versions in gold.forecast_versions: their inputs, the served version, publication."""

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

import pyarrow as pa

from features.feature_set import SPINES, FeatureSet, panel_table
from features.tables import features_table
from forecasting.due import MODELS
from lakehouse.delta import listing, log
from lakehouse.delta.arrow import append_rows, read_table
from lakehouse.lake import Lake
from lakehouse.month_range import plus_months
from lakehouse.tables.gold import FORECAST_VERSIONS

PUBLISHED = "published"


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


def newest_version(lake: Lake) -> dict[str, Any] | None:
    """Return the newest published row of gold.forecast_versions; None: no version is published."""
    if not log.exists(lake, FORECAST_VERSIONS):
        return None
    found = read_table(lake, FORECAST_VERSIONS, filters=[("status", "=", PUBLISHED)]).to_pylist()
    return max(found, key=lambda version: str(version["version"]), default=None)


def publish(lake: Lake, version: Mapping[str, Any]) -> None:
    """Publish a version: append the version's row to gold.forecast_versions in one commit.

    The version's forecasts must already be in gold.forecasts; the commit makes the API serve them.
    """
    append_rows(lake, FORECAST_VERSIONS, pa.Table.from_pylist([version], FORECAST_VERSIONS.schema))
