"""A declared version stands for what its code says: the code does not change without a decision."""

import pkgutil
from pathlib import Path
from types import ModuleType

import pytest
from code_fingerprints import definitions, fingerprint, recorded
from code_parts import MODULES, STATISTICS, WITHOUT_VALUES, current_versions

import features
import features.groups
import modelling
from lakehouse.profile.profile import load_profile

CURRENT = current_versions()
KERNEL = '''
"""A module."""
import numpy as np
from lakehouse import storage
from lakehouse.types import UNITS

FIRST = 1


class Past:
    """Months before."""

    def sum(self, months):
        """Sum months."""
        return np.sum(months[-12:]) + storage.is_local(UNITS)


def mean(months):
    return np.mean(months)
'''


@pytest.mark.parametrize("part", sorted(CURRENT))
def test_the_code_of_a_part_is_that_of_its_declared_version(part: str) -> None:
    assert CURRENT[part] == recorded().get(part), (
        f"the code, or the version, of {part} changed. Where it computes other values, raise its "
        "version (features/version.py says where). Then, and also where no value changes, record "
        "both: python tests/architecture/code_fingerprints.py"
    )


def test_nothing_is_recorded_that_is_no_part_any_more() -> None:
    assert set(recorded()) == set(CURRENT)


@pytest.mark.parametrize("package", [features, modelling])
def test_every_module_is_of_a_part_or_known_to_compute_no_value(package: ModuleType) -> None:
    parts = {module.__name__ for modules in MODULES.values() for module in modules}
    there = {
        one.name
        for one in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
        if not one.ispkg
    }
    assert there - parts - set(WITHOUT_VALUES) == set()


def test_every_statistic_of_a_feature_has_a_version_of_its_own() -> None:
    groups = features.groups.declared_groups(load_profile("sample"))
    assert {f.statistic for group in groups for f in group.features} <= set(STATISTICS)


def code(folder: Path, text: str, name: str = "kernel") -> str:
    module = ModuleType(name)
    module.__file__ = str(folder / f"{name}.py")
    (folder / f"{name}.py").write_text(text)
    return fingerprint(definitions(module).values())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"""Sum months."""', '"""Add months up."""'),
        ("FIRST = 1", "FIRST = 1  # a comment"),
        ("np.mean(months)", "np.mean(\n        months\n    )"),
        ("from lakehouse.types import", "from lakehouse.table import"),
        ("from lakehouse import storage", "from lakehouse.delta import files"),
        ("FIRST = 1\n", ""),
    ],
    ids=["docstring", "comment", "format", "moved module", "renamed module", "moved definition"],
)
def test_what_says_the_same_has_the_same_fingerprint(tmp_path: Path, old: str, new: str) -> None:
    assert old in KERNEL
    changed = KERNEL.replace(old, new)
    if new.endswith("files"):
        changed = changed.replace("storage.is_local", "files.is_local")
    if not new:
        changed += "\nFIRST = 1\n"
    assert code(tmp_path, changed, "elsewhere") == code(tmp_path, KERNEL)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("FIRST = 1", "FIRST = 2"),
        ("-12", "-11"),
        ("np.mean", "np.sum"),
        ("is_local(UNITS)", "is_local(FIRST)"),
        ("class Past:", "class Future:"),
        ("    def sum(", "    @staticmethod\n    def sum("),
    ],
)
def test_what_says_something_else_has_another_fingerprint(
    tmp_path: Path, old: str, new: str
) -> None:
    assert old in KERNEL
    assert code(tmp_path, KERNEL.replace(old, new)) != code(tmp_path, KERNEL)
