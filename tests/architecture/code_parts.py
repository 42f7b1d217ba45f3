"""The parts of the program that declare a version, and the code that each part is."""

from collections.abc import Iterator
from types import ModuleType

from code_fingerprints import Definition, definitions, fingerprint

import feature_store.cells
import feature_store.cells_by_age
import feature_store.features
import feature_store.panel.input_files
import feature_store.panel.month_inputs
import feature_store.panel.task
import feature_store.stored_entities
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
import features.start
import features.statistic
import features.withdrawal
import modelling.backtest.rolling
import modelling.estimators.bagged_boosting
import modelling.estimators.baselines
import modelling.estimators.binned_matrix
import modelling.estimators.boosting
import modelling.estimators.calibration
import modelling.estimators.collective
import modelling.estimators.estimator
import modelling.estimators.families
import modelling.estimators.intervals
import modelling.estimators.model_inputs
import modelling.estimators.panel_batches
import modelling.estimators.predict
import modelling.estimators.quantiles
import modelling.estimators.random_forest
import modelling.estimators.response
import modelling.estimators.xgboost_model
import modelling.evaluation.folds
import modelling.evaluation.metrics
import modelling.evaluation.scoring
import modelling.evaluation.segments
import modelling.registry.recipe
import modelling.tuning.search
import modelling.tuning.tuning
from features import version
from features.statistic import AGE, EWM, LAG, LATEST, MEAN, MONTHS_SINCE, SUM, Statistic
from modelling.version import MODEL

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
        features.own_ids,
        feature_store.cells_by_age,
        feature_store.cells,
        feature_store.stored_entities,
    ),
    "groups": (features.blocks, features.group, features.groups),
    "features": (
        features.compute,
        features.encoding,
        features.series,
        features.start,
        features.statistic,
        feature_store.features,
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
        feature_store.panel.input_files,
        feature_store.panel.month_inputs,
        feature_store.panel.task,
        feature_store.stored_entities,
    ),
    "model": (
        modelling.estimators.bagged_boosting,
        modelling.estimators.baselines,
        modelling.estimators.binned_matrix,
        modelling.estimators.boosting,
        modelling.estimators.calibration,
        modelling.estimators.collective,
        modelling.estimators.estimator,
        modelling.estimators.families,
        modelling.evaluation.folds,
        modelling.estimators.predict,
        modelling.estimators.intervals,
        modelling.evaluation.metrics,
        modelling.estimators.model_inputs,
        modelling.estimators.panel_batches,
        modelling.estimators.quantiles,
        modelling.estimators.random_forest,
        modelling.registry.recipe,
        modelling.estimators.response,
        modelling.backtest.rolling,
        modelling.evaluation.scoring,
        modelling.tuning.search,
        modelling.evaluation.segments,
        modelling.tuning.tuning,
        modelling.estimators.xgboost_model,
    ),
}
# Modules beside these that compute no value of a table or a model: names of tables, what differs
# between two states, versions, and what is decided about models that are made.
WITHOUT_VALUES = (
    "features.difference",
    "features.tables",
    "features.version",
    "modelling.backtest.other_actuals",
    "modelling.backtest.plan",
    "modelling.backtest.report",
    "modelling.backtest.report_file",
    "modelling.backtest.scores",
    "modelling.estimators.soundness",
    "modelling.estimators.task_slots",
    "modelling.evaluation.contributions",
    "modelling.evaluation.diagnostics",
    "modelling.evaluation.score",
    "modelling.evaluation.scoreboard",
    "modelling.lineage",
    "modelling.promotion.candidate",
    "modelling.promotion.champions",
    "modelling.promotion.comparison",
    "modelling.promotion.decision",
    "modelling.promotion.gate",
    "modelling.promotion.history",
    "modelling.promotion.label",
    "modelling.registry.local_store",
    "modelling.registry.model_files",
    "modelling.registry.registry",
    "modelling.registry.tracking",
    "modelling.report.calibration_plots",
    "modelling.report.drawing",
    "modelling.report.error_plots",
    "modelling.report.importance_plot",
    "modelling.report.page",
    "modelling.report.series_plot",
    "modelling.tuning.study",
    "modelling.tuning.trials",
    "modelling.version",
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
