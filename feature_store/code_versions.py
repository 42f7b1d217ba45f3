"""The declared versions of the program's parts, as digests and tables of a lake keep them."""

from collections.abc import Iterable, Mapping

from features import version
from features.group import FeatureGroup
from lakehouse.delta import log
from lakehouse.lake import Lake
from lakehouse.table import Table

Versions = Mapping[str, int]
CELLS: Versions = {"cells": version.CELLS}
PANEL: Versions = {"panel": version.PANEL}
GROUPS: Versions = {"groups": version.GROUPS}
# The tag of a model that keeps them.
VERSIONS = "versions"
# What tables record: the groups' version says which of two programs declares later columns.
OF_CELLS_TABLE: Versions = {**CELLS, **GROUPS}
OF_PANEL_TABLE: Versions = {**PANEL, **GROUPS}
# What programs before ADR 13 wrote where versions stand now: digests of the text of their modules.
# The first versions are the last of these programs, so that lakes of theirs are not built again.
FEATURES_BEFORE, JOBS_BEFORE = "4fffd7e714e77474", "b299dfa4ad7f2a9f"
MODELS_BEFORE = "ee0fe5714c68ca7c"


def of_features(group: FeatureGroup) -> Versions:
    """Return the versions of what computes a group's features."""
    used = {feature.statistic for feature in group.features}
    statistics = {f"statistic {one.name}": one.version for one in used}
    return {"features": version.FEATURES, **statistics}


def of_features_table(group: FeatureGroup) -> Versions:
    """Return the versions that a table of a group's features records."""
    return {**of_features(group), **GROUPS}


def of_program(groups: Iterable[FeatureGroup]) -> Versions:
    """Return the versions of everything that builds tables."""
    tables = [OF_CELLS_TABLE, OF_PANEL_TABLE, *map(of_features_table, groups)]
    return {part: number for versions in tables for part, number in versions.items()}


def are_first(versions: Versions) -> bool:
    """Say whether versions are those of the last program that declared none."""
    return set(versions.values()) == {1}


def in_digest(versions: Versions, before: str) -> object:
    """Return what stands for code in a digest.

    Args:
        versions: of the parts that it depends on.
        before: what programs before ADR 13 put there.
    """
    return before if are_first(versions) else sorted(versions.items())


def built_by_newer(lake: Lake, tables: Iterable[Table], versions: Versions) -> str | None:
    """Return a sentence on the first table that a newer program built; None: there is none.

    A part that this program does not have does not count: whoever adds or removes one raises the
    version of the groups.

    Args:
        lake: where the tables are.
        tables: derived tables.
        versions: of this program's parts.
    """
    for table in tables:
        for part, number in sorted(log.versions_recorded(lake, table).items()):
            if number > versions.get(part, number):
                return (
                    f"{lake.uri(table)}: built by a newer program, with version {number} of its "
                    f"{part}; this one has version {versions[part]} and leaves the table as it is. "
                    "Run the newer program."
                )
    return None
