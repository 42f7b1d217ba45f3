from pathlib import Path

import pytest
from copied_lake import CopiedLake


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> CopiedLake:
    """The lake that tests copy."""
    return CopiedLake(tmp_path_factory.mktemp("template") / "lake")


@pytest.fixture
def source(template: CopiedLake, tmp_path: Path) -> CopiedLake:
    """A lake that the test may change."""
    return CopiedLake.copied_from(template, tmp_path / "lake")
