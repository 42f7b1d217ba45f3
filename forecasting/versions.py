"""Forecast versions in the lake: what one is made from, which is served, how one comes to be."""

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

import pyarrow as pa

from features.feature_set import SPINES, FeatureSet, panel_table
from features.tables import features_table
from forecasting.due import MODELS
from lakehouse.delta import log
from lakehouse.delta.arrow import append_rows, read_table
from lakehouse.lake import Lake
from lakehouse.month_range import plus_months
from lakehouse.tables.gold import FORECAST_VERSIONS

PUBLISHED = "published"


def forecast_inputs(
    lake: Lake, features: FeatureSet, cutoff: date, runs: Mapping[int, str], pairs: str | None
) -> str:
    """Write what a version is made from, as the JSON that forecast_versions keeps."""
    panels = {h: panel_table(features, SPINES[0], h) for h in runs}
    read = [(t, plus_months(cutoff, h)) for h, t in panels.items()]
    read += [(features_table(group), plus_months(cutoff, 1)) for group in features.groups]
    digests = {t.path: log.month_digests(lake, t).get(m) for t, m in read if log.exists(lake, t)}
    return json.dumps({**digests, MODELS: runs, "pairs": pairs or SPINES[0]})


def newest_version(lake: Lake) -> dict[str, Any] | None:
    """Return the newest published version; None where there is none."""
    if not log.exists(lake, FORECAST_VERSIONS):
        return None
    found = read_table(lake, FORECAST_VERSIONS, filters=[("status", "=", PUBLISHED)]).to_pylist()
    return max(found, key=lambda version: str(version["version"]), default=None)


def publish(lake: Lake, version: Mapping[str, Any]) -> None:
    """Make a version, whose rows are stored, the one that is served, by one commit."""
    append_rows(lake, FORECAST_VERSIONS, pa.Table.from_pylist([version], FORECAST_VERSIONS.schema))
