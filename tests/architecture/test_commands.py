"""Every module directly in jobs/ and streaming/ is a command, and nothing else is there."""

import importlib
import pkgutil

import pytest

import jobs
import streaming
from cli.command import Job

MODULES = [
    f"{package.__name__}.{module.name}"
    for package in (jobs, streaming)
    for module in pkgutil.iter_modules(package.__path__)
    if not module.ispkg and module.name != "__main__"
]


# jsonschema reads its own files in a deprecated way.
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("name", MODULES)
def test_a_module_beside_the_commands_is_one(name: str) -> None:
    command = importlib.import_module(name).JOB
    assert isinstance(command, Job)
    assert command.name == name.rpartition(".")[2]
