"""Model lineage: a model's inputs as digests, and the code versions that determine forecasts."""

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
from feature_store.panel.rows import PanelRows
from features.group import FeatureGroup
from lakehouse.delta import listing, log
from lakehouse.profile.model import ModelConfig
from modelling.version import MODEL


def training_digest(panel: PanelRows, model: ModelConfig, *others: object) -> str:
    """Digest a model's inputs: panel months, profile parameters, code version and further values.

    Args:
        panel: the panel rows that the model learns from or is scored on.
        model: the profile's section ``model``.
        others: further values that determine the model, such as arguments of the job.
    """
    digests = listing.month_digests(panel.lake, panel.table)
    read = [digests.get(month) for month in panel.months]
    code = in_digest(MODELS, MODELS_BEFORE)
    return log.digest([model.model_dump(), code, read, *others])


MODELS: Versions = {"model": MODEL}


def of_model(groups: Iterable[FeatureGroup]) -> Versions:
    """Return the code versions on which a model's forecasts depend: part of the code → version."""
    features = [of_features(group) for group in groups]
    return {
        part: n
        for versions in (*features, code_versions.CELLS, code_versions.PANEL, MODELS)
        for part, n in versions.items()
    }


def made_by(groups: Iterable[FeatureGroup]) -> str:
    """Write the code versions of a model as JSON, for the model's tag."""
    return json.dumps(of_model(groups), sort_keys=True)


def was_made_by(tags: Mapping[str, str], groups: Iterable[FeatureGroup]) -> bool:
    """Check whether the program that made a model computes the same as the present program.

    Args:
        tags: tags of the model; without versions, a program before ADR 13 made the model.
        groups: every feature group of the present program. A part that only one of the two programs
            has does not count: the model's list of features already shows the difference.
    """
    versions = of_model(groups)
    if VERSIONS not in tags:
        return are_first(versions)
    stored: Versions = json.loads(tags[VERSIONS])
    return all(stored[part] == versions[part] for part in stored.keys() & versions.keys())
