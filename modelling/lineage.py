"""What models are made from, as digests and declared versions."""

import json
from collections.abc import Iterable, Mapping

from feature_store import code_versions
from feature_store.code_versions import (
    MODELS_BEFORE,
    VERSIONS,
    Versions,
    are_first,
    in_digest,
    of_features,
)
from features.feature_set import FeatureSet, panel_table
from features.group import FeatureGroup
from lakehouse.delta import log
from lakehouse.lake import Lake
from lakehouse.month_range import MonthRange
from lakehouse.profile.stored import stored_profile
from modelling.version import MODEL


def training_digest(
    lake: Lake,
    features: FeatureSet,
    spine: str,
    months: MonthRange,
    *others: object,
    horizon: int = 1,
) -> str:
    """Digest what a model is made from: panel months, parameters, code, and the like.

    Args:
        lake: where the panel is.
        features: the model's columns.
        spine: of the panel.
        months: target months that are read.
        others: further arguments of the job.
        horizon: of the panel.
    """
    panel = log.month_digests(lake, panel_table(features, spine, horizon))
    read = [panel.get(month) for month in months]
    code = in_digest(MODELS, MODELS_BEFORE)
    return log.digest([stored_profile(lake).model.model_dump(), code, read, *others])


MODELS: Versions = {"model": MODEL}


def of_model(groups: Iterable[FeatureGroup]) -> Versions:
    """Return the versions of what a model's forecasts depend on, beside the names of features."""
    features = [of_features(group) for group in groups]
    return {
        part: n
        for versions in (*features, code_versions.CELLS, code_versions.PANEL, MODELS)
        for part, n in versions.items()
    }


def made_by(groups: Iterable[FeatureGroup]) -> str:
    """Write the versions that make a model, as its tag keeps them."""
    return json.dumps(of_model(groups), sort_keys=True)


def was_made_by(tags: Mapping[str, str], groups: Iterable[FeatureGroup]) -> bool:
    """Say whether the program that made a model computes the same as this one.

    Args:
        tags: of the model; one without versions was made by a program before ADR 13.
        groups: every group of this program. Parts that only one of the two has do not count: the
            model's features tell them.
    """
    versions = of_model(groups)
    if VERSIONS not in tags:
        return are_first(versions)
    stored: Versions = json.loads(tags[VERSIONS])
    return all(stored[part] == versions[part] for part in stored.keys() & versions.keys())
