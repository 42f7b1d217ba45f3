"""GitLab's pipelines, run on this machine by gitlab-ci-local: which targets run, in which order."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from chart import ROOT

pytestmark = pytest.mark.deploy
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
MODULES = CACHE / "shopcast" / "gitlab" / "node_modules"
NODE = MODULES / "node" / "bin" / "node"
# What the runner's images have, and this machine need not run for a test of the order.
PROGRAMS = ("apt-get", "dnf", "buildah", "pip")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A repository with the pipeline, on the default branch."""
    if not NODE.exists() or shutil.which("rsync") is None:
        pytest.skip("gitlab-ci-local is missing: make deploy-tools")
    folder = tmp_path / "tree"
    folder.mkdir()
    shutil.copy(ROOT / ".gitlab-ci.yml", folder)
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.com"]
    for words in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "pipeline"]):
        subprocess.run([*git, *words], cwd=folder, check=True)
    return folder


def run_pipeline(tree: Path, *variables: str, broken: str = "") -> tuple[int, list[str]]:
    """Run the pipeline with a make that notes its arguments; one target may fail."""
    programs, noted = tree.parent / "programs", tree.parent / "targets"
    programs.mkdir(exist_ok=True)
    noted.write_text("")
    note = f'#!/bin/sh\necho "$@" >> {noted}\n[ "$1" != "{broken}" ]\n'
    for name, text in (("make", note), *((name, "#!/bin/sh\n") for name in PROGRAMS)):
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    options = [f"--variable={variable}" for variable in variables]
    program = [NODE, MODULES / "gitlab-ci-local" / "dist" / "index.js"]
    done = subprocess.run(
        [*program, "--force-shell-executor", "--shell-isolation=false", *options],
        cwd=tree,
        env={**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, noted.read_text().splitlines()


def test_a_change_is_checked_tested_built_scanned_and_staged(tree: Path) -> None:
    code, targets = run_pipeline(tree)
    assert code == 0
    assert {*targets[:3]} == {"chart", "lint", "test-fast"}
    assert {*targets[3:6]} == {"test", "deploy-tools", "deploy-check"}
    built, deployed = ["images", "push-images"], ["deploy ENVIRONMENT=staging"]
    assert targets[6:] == [*built, "scan", "sbom", *deployed]


@pytest.mark.parametrize("broken", ["lint", "test", "deploy-check", "scan"])
def test_what_failed_is_not_deployed(tree: Path, broken: str) -> None:
    code, targets = run_pipeline(tree, broken=broken)
    assert code != 0
    assert broken in targets
    assert "deploy ENVIRONMENT=staging" not in targets


def test_a_pipeline_for_a_new_model_does_nothing_else(tree: Path) -> None:
    assert run_pipeline(tree, "NEW_MODEL=true") == (0, ["new-model"])
