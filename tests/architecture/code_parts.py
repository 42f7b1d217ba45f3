"""The parts of the program that declare a version, and the code that each part is."""

from collections.abc import Iterator
from types import ModuleType

from code_fingerprints import Definition, definitions, fingerprint

import features.ages
import features.attributes
import features.blocks
import features.calendar
import features.compute
import features.encoding
import features.feature_set
import features.group
import features.groups
import features.horizon
import features.input_feature
import features.measure
import features.measures
import features.monthly
import features.neighbour
import features.own_ids
import features.panel
import features.ratio
import features.rung
import features.series
import features.spine
import features.statistic
import features.withdrawal
import jobs.aged_cells_task
import jobs.cells_task
import jobs.features_task
import jobs.input_files
import jobs.modelling.bagged_boosting
import jobs.modelling.baselines
import jobs.modelling.binned_matrix
import jobs.modelling.boosting
import jobs.modelling.calibration
import jobs.modelling.collective
import jobs.modelling.engines
import jobs.modelling.estimator
import jobs.modelling.families
import jobs.modelling.folds
import jobs.modelling.forecasting
import jobs.modelling.intervals
import jobs.modelling.metrics
import jobs.modelling.model_inputs
import jobs.modelling.panel_batches
import jobs.modelling.random_forest
import jobs.modelling.recipe
import jobs.modelling.response
import jobs.modelling.rolling
import jobs.modelling.scoring
import jobs.modelling.search
import jobs.modelling.segments
import jobs.modelling.tuning
import jobs.modelling.xgboost_model
import jobs.panel_task
import jobs.stored_entities
from features import version
from features.statistic import AGE, EWM, LAG, LATEST, MEAN, MONTHS_SINCE, SUM, Statistic
from jobs.modelling.version import MODEL

VERSIONS = {
    "cells": version.CELLS,
    "groups": version.GROUPS,
    "features": version.FEATURES,
    "panel": version.PANEL,
    "model": MODEL,
}
# Code of several parts is named in each.
MODULES: dict[str, tuple[ModuleType, ...]] = {
    "cells": (
        features.ages,
        features.attributes,
        features.encoding,
        features.measure,
        features.measures,
        features.monthly,
        jobs.aged_cells_task,
        jobs.cells_task,
        jobs.stored_entities,
    ),
    "groups": (features.blocks, features.group, features.groups),
    "features": (
        features.compute,
        features.encoding,
        features.series,
        features.statistic,
        jobs.features_task,
    ),
    "panel": (
        features.ages,
        features.attributes,
        features.calendar,
        features.encoding,
        features.feature_set,
        features.horizon,
        features.input_feature,
        features.neighbour,
        features.panel,
        features.ratio,
        features.rung,
        features.spine,
        features.own_ids,
        features.withdrawal,
        jobs.input_files,
        jobs.panel_task,
        jobs.stored_entities,
    ),
    "model": (
        jobs.modelling.bagged_boosting,
        jobs.modelling.baselines,
        jobs.modelling.binned_matrix,
        jobs.modelling.boosting,
        jobs.modelling.calibration,
        jobs.modelling.collective,
        jobs.modelling.engines,
        jobs.modelling.estimator,
        jobs.modelling.families,
        jobs.modelling.folds,
        jobs.modelling.forecasting,
        jobs.modelling.intervals,
        jobs.modelling.metrics,
        jobs.modelling.model_inputs,
        jobs.modelling.panel_batches,
        jobs.modelling.random_forest,
        jobs.modelling.recipe,
        jobs.modelling.response,
        jobs.modelling.rolling,
        jobs.modelling.scoring,
        jobs.modelling.search,
        jobs.modelling.segments,
        jobs.modelling.tuning,
        jobs.modelling.xgboost_model,
    ),
}
# Modules beside these that compute no value of a table or a model: names of tables, what differs
# between two states, versions, and what is decided about models that are made.
WITHOUT_VALUES = (
    "features.difference",
    "features.tables",
    "features.version",
    "jobs.modelling.champions",
    "jobs.modelling.contributions",
    "jobs.modelling.findings",
    "jobs.modelling.gate",
    "jobs.modelling.ledger",
    "jobs.modelling.local_store",
    "jobs.modelling.model_files",
    "jobs.modelling.registry",
    "jobs.modelling.retrain",
    "jobs.modelling.scoreboard",
    "jobs.modelling.soundness",
    "jobs.modelling.submission",
    "jobs.modelling.task_slots",
    "jobs.modelling.tracking",
    "jobs.modelling.version",
)
# What of features/statistic.py is of one statistic alone.
STATISTICS: dict[Statistic, tuple[str, ...]] = {
    LAG: ("LAG", "_lag", "Past.month"),
    MEAN: ("MEAN", "_mean"),
    EWM: ("EWM", "_ewm", "Past.weighted"),
    SUM: ("SUM", "_sum"),
    LATEST: ("LATEST", "_latest", "Past.latest"),
    MONTHS_SINCE: ("MONTHS_SINCE", "_months_since", "Past.months_since", "History.latest"),
    AGE: ("AGE", "_age", "Past.exact_age"),
}


def current_versions() -> dict[str, list[object]]:
    """Return part → its declared version and the fingerprint of its code."""
    found: dict[str, list[object]] = {
        part: [VERSIONS[part], fingerprint(code_of(modules))] for part, modules in MODULES.items()
    }
    of_statistics = definitions(features.statistic)
    for statistic, names in STATISTICS.items():
        own = [of_statistics[name] for name in names]
        found[f"statistic {statistic.name}"] = [statistic.version, fingerprint(own)]
    return found


def code_of(modules: tuple[ModuleType, ...]) -> Iterator[Definition]:
    """Give what modules define, but what is of one statistic alone."""
    claimed = {name for names in STATISTICS.values() for name in names}
    for module in modules:
        for name, definition in definitions(module).items():
            if module is not features.statistic or name not in claimed:
                yield definition
