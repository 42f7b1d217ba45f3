"""The environments of the images without an engine: their packages, and the folders they copy."""

import fcntl
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from server import Server

ROOT = Path(__file__).parents[2]
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "shopcast" / "images"
# What an image's packages are made from.
SOURCES = (
    ".ci/environment",
    "setup.py",
    "constraints.txt",
    "lakehouse/jars.py",
    "lakehouse/core-site.xml",
)
COPIED = re.compile(r"^COPY (\w+) /opt/shopcast/\1$", re.MULTILINE)
OFFLINE = ("unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh")


@dataclass(frozen=True)
class Environment:
    """The packages of an image and its code.

    Attributes:
        packages: folder of the virtual environment.
        code: folder that has what the image has in /opt/shopcast.
    """

    packages: Path
    code: Path

    @property
    def python(self) -> Path:
        return self.packages / "bin" / "python"

    @property
    def megabytes(self) -> float:
        """The size of the packages, 10⁶ bytes."""
        files = (path for path in self.packages.rglob("*") if not path.is_symlink())
        return sum(path.stat().st_size for path in files) / 1e6

    def variables(self, home: Path, **more: str) -> dict[str, str]:
        """Return the variables of a process of the image; of this process only PATH stays."""
        return {
            "PATH": f"{self.packages / 'bin'}:{os.environ['PATH']}",
            "PYTHONPATH": str(self.code),
            "PYTHONDONTWRITEBYTECODE": "1",
            "HOME": str(home),
            "MPLCONFIGDIR": str(home),
            "PYSPARK_PYTHON": str(self.python),
            "JDK_JAVA_OPTIONS": os.environ.get("JDK_JAVA_OPTIONS", ""),
            **more,
        }


@contextmanager
def running(command: Sequence[str], variables: Mapping[str, str], log: Path) -> Iterator[Server]:
    """Run a server with its output in a file, and end it after the block at the latest."""
    with log.open("wb") as stream:
        process = subprocess.Popen(
            command,
            env=dict(variables),
            cwd=log.parent,
            stdout=stream,
            stderr=stream,
            start_new_session=True,
        )
    try:
        yield Server(process, log)
    finally:
        # With the processes that the server started.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def finished(command: Sequence[str], variables: Mapping[str, str], folder: Path) -> dict[str, Any]:
    """Run a step to its end in a folder; returns its result line, which says done."""
    done = subprocess.run(
        command, env=dict(variables), cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    assert figures["status"] == "done"
    return figures


def offline(command: Sequence[str]) -> list[str]:
    """Return a command that has no network but its own loopback."""
    if subprocess.run([*OFFLINE, "true"], check=False, capture_output=True).returncode:
        pytest.skip("this user may make no namespace of networks")
    return [*OFFLINE, *command]


def made(image: str, folder: Path) -> Environment:
    """Make an image's environment, or take the one that an earlier run made from the same sources.

    Args:
        image: api or spark.
        folder: a new folder, for the code.
    """
    texts = [(ROOT / source).read_bytes() for source in SOURCES]
    digest = hashlib.sha256(b"\0".join(texts)).hexdigest()[:12]
    packages = CACHE / f"{image}-{digest}"
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f"{image}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (packages / ".ready").exists():
            for old in CACHE.glob(f"{image}-*"):
                shutil.rmtree(old)
            build(image, packages)
    for name in COPIED.findall((ROOT / f"Dockerfile.{image}").read_text(encoding="utf-8")):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    return Environment(packages, folder)


def build(image: str, packages: Path) -> None:
    """Build an image's environment as its Dockerfile does; the test skips where it cannot."""
    steps = [[str(ROOT / ".ci" / "environment"), image, str(packages)]]
    if image == "spark":
        steps.append([str(packages / "bin" / "python"), "-m", "lakehouse.jars", "--stores"])
    variables = {
        **{name: value for name, value in os.environ.items() if name != "SPARK_HOME"},
        "PYTHON": os.path.realpath("/proc/self/exe"),
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    for step in steps:
        done = subprocess.run(
            step, cwd=ROOT, env=variables, capture_output=True, text=True, check=False
        )
        if done.returncode:
            pytest.skip(f"{' '.join(step)} failed: {done.stderr[-2000:]}")
    (packages / ".ready").touch()
