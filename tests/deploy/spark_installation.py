"""What the machines of a cluster have: Spark with connectors of stores, and our dependencies."""

import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

import pyspark
import pytest

ROOT = Path(__file__).parents[2]
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "shopcast"
PYSPARK = Path(pyspark.__file__).resolve().parent
READY = ".ready"


def spark_with_stores() -> Path:
    """Make a SPARK_HOME of pyspark's files and the connectors of object stores, once.

    The jars of the environment that other tests use stay as they are. The test skips where the
    connectors cannot be had.
    """
    recipe = f"{PYSPARK}\n{(ROOT / 'lakehouse' / 'jars.py').read_text(encoding='utf-8')}"
    home = CACHE / f"spark-{hashlib.sha256(recipe.encode()).hexdigest()[:12]}"
    if (home / READY).exists():
        return home
    (home / "jars").mkdir(parents=True, exist_ok=True)
    for one in [*(PYSPARK / "jars").iterdir(), *(p for p in PYSPARK.iterdir() if p.name != "jars")]:
        link = home / one.relative_to(PYSPARK)
        if not link.exists():
            link.symlink_to(one)
    done = subprocess.run(
        [sys.executable, "-m", "lakehouse.jars", "--stores"],
        cwd=ROOT,
        env={**os.environ, "SPARK_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"the connectors of object stores cannot be had: {done.stderr[-2000:]}")
    (home / READY).touch()
    return home


def dependencies_only(folder: Path) -> Path:
    """Make an environment that has this one's packages but not the program; returns its Python.

    A ``.pth`` file names the folder of the packages. Python does not read the ``.pth`` files that
    lie there, one of which makes the program importable.
    """
    venv.create(folder, symlinks=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "dependencies.pth").write_text(f"{PYSPARK.parent}\n")
    return folder / "bin" / "python"


def pack_program() -> Path:
    """Write dist/shopcast.zip as a user does, and return its path."""
    # Without looking whether the environment, in which this test runs, is up to date.
    command = ["make", "--old-file=.venv/.ready", "dist"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return ROOT / "dist" / "shopcast.zip"
