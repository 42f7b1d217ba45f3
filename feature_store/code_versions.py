"""Declared code versions, as recorded in digests and in the tables of a lake."""

from collections.abc import Iterable, Mapping

from features import version
from features.group import FeatureGroup
from lakehouse.delta import builds
from lakehouse.lake import Lake
from lakehouse.table import Table

Versions = Mapping[str, int]
CELLS: Versions = {"cells": version.CELLS}
PANEL: Versions = {"panel": version.PANEL}
GROUPS: Versions = {"groups": version.GROUPS}
# The tag of a registered model that stores versions.
VERSIONS = "versions"
# Versions that tables record; the version of groups says which of two programs has later columns.
OF_CELLS_TABLE: Versions = {**CELLS, **GROUPS}
OF_PANEL_TABLE: Versions = {**PANEL, **GROUPS}
# Programs before ADR 13 recorded digests of their modules' text instead of versions. Version 1 of
# every part means the last of these programs, so that lakes built by that program are not rebuilt.
FEATURES_BEFORE, JOBS_BEFORE = "4fffd7e714e77474", "b299dfa4ad7f2a9f"
MODELS_BEFORE = "ee0fe5714c68ca7c"


def of_features(group: FeatureGroup) -> Versions:
    """Return the versions of the code that computes a group's features."""
    used = {feature.statistic for feature in group.features}
    statistics = {f"statistic {statistic.name}": statistic.version for statistic in used}
    return {"features": version.FEATURES, **statistics}


def of_features_table(group: FeatureGroup) -> Versions:
    """Return the versions that a group's features table records."""
    return {**of_features(group), **GROUPS}


def of_program(groups: Iterable[FeatureGroup]) -> Versions:
    """Return the versions of all code that builds tables.

    Args:
        groups: every group.
    """
    tables = [OF_CELLS_TABLE, OF_PANEL_TABLE, *map(of_features_table, groups)]
    return {part: number for versions in tables for part, number in versions.items()}


def are_first(versions: Versions) -> bool:
    """Return whether all versions are 1, which means the last program before ADR 13."""
    return set(versions.values()) == {1}


def in_digest(versions: Versions, before: str) -> object:
    """Return the value that represents code in a digest.

    Args:
        versions: versions of the parts that the digest covers.
        before: digest of modules that the last program before ADR 13 recorded; returned if all
            versions are 1, so that records of that program still match.
    """
    return before if are_first(versions) else sorted(versions.items())


def built_by_newer(lake: Lake, tables: Iterable[Table], versions: Versions) -> str | None:
    """Return an error text for the first table that a newer program built; None if no table is.

    Recorded parts that this program lacks are ignored: a change that adds or removes a part must
    raise the version of groups.

    Args:
        lake: the lake that has the tables.
        tables: derived tables.
        versions: versions of this program's parts.
    """
    for table in tables:
        for part, number in sorted(builds.read_versions(lake, table).items()):
            if number > versions.get(part, number):
                return (
                    f"{lake.uri(table)}: built by a newer program, with version {number} of its "
                    f"{part}; this one has version {versions[part]} and leaves the table as it is. "
                    "Run the newer program."
                )
    return None
