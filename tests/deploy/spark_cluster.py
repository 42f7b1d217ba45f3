"""A standalone Spark cluster as processes: a master, workers that see no folder of drivers."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import psutil
import pytest
from spark_installation import ROOT, dependencies_only, spark_with_stores

from streaming.local_broker.properties import free_port

BACKEND = "org.apache.spark.executor.CoarseGrainedExecutorBackend"
DEPLOY = "org.apache.spark.deploy"
HOST = "127.0.0.1"
JAVA_OPTIONS = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
# In a namespace of its own a worker sees an empty folder in place of the one that it is not given.
HIDE = ("unshare", "--mount", "sh", "-c", 'mount -t tmpfs none "$0" && exec "$@"')
FEW_ROWS = Path(__file__).with_name("few_rows")


@dataclass(frozen=True)
class SparkCluster:
    """A running cluster.

    Attributes:
        home: SPARK_HOME of every process.
        python: interpreter of drivers and executors; it cannot import the program.
        program: the zip of the program.
        url: address of the master.
        drivers: where drivers start; the workers see an empty folder there.
        workers: processes of the workers, each with a folder of its own.
        variables: environment of every process.
    """

    home: Path
    python: Path
    program: Path
    url: str
    drivers: Path
    workers: tuple[psutil.Process, ...]
    variables: Mapping[str, str]

    def submitted(self, file: str, *arguments: object, **conf: str) -> list[str]:
        """Return the words of docs/how_to/spark_cluster.md that start a file of the program."""
        cores = str(len(self.workers))
        options = {
            "spark.pyspark.python": str(self.python),
            "spark.hadoop.fs.s3a.endpoint": self.variables["AWS_ENDPOINT_URL"],
            "spark.hadoop.fs.s3a.endpoint.region": self.variables["AWS_REGION"],
            "spark.hadoop.fs.s3a.path.style.access": "true",
            **conf,
        }
        return [
            *(str(self.home / "bin" / "spark-submit"), "--master", self.url),
            *("--total-executor-cores", cores, "--executor-cores", "1"),
            *("--driver-memory", "1g", "--executor-memory", "1g"),
            *("--py-files", str(self.program)),
            *(word for key, value in options.items() for word in ("--conf", f"{key}={value}")),
            *map(str, (ROOT / file, *arguments)),
        ]

    def start(self, command: Sequence[str], **variables: str) -> "subprocess.Popen[str]":
        """Start a driver, which gives executors work of few rows, too; its output goes to pipes."""
        return subprocess.Popen(
            command,
            cwd=self.drivers,
            env={**self.variables, "PYTHONPATH": str(FEW_ROWS), **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, file: str, *arguments: object, **conf: str) -> dict[str, Any]:
        """Submit a file and wait until it is done; returns the result line."""
        code, result = ended(self.start(self.submitted(file, *arguments, **conf)))
        assert code == 0, result
        return result

    def executors(self) -> dict[str, psutil.Process]:
        """Return the running executors' processes by Spark's number of the executor."""
        found = {}
        for worker in self.workers:
            for child in worker.children(recursive=True):
                words = command_line(child)
                if BACKEND in words:
                    found[words[words.index("--executor-id") + 1]] = child
        return found


def command_line(process: psutil.Process) -> list[str]:
    """Return the words of a process; none if it has ended."""
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:
        return []


def ended(driver: "subprocess.Popen[str]") -> tuple[int, dict[str, Any]]:
    """Wait for a driver; returns its exit code and its result line."""
    out, err = driver.communicate(timeout=400)
    lines = [line for line in out.splitlines() if line.startswith("{")]
    assert lines, f"{driver.args}\n{out[-1000:]}\n{err[-4000:]}"
    return driver.returncode, json.loads(lines[-1])


@contextmanager
def running_cluster(
    folder: Path, program: Path, store: Mapping[str, str], workers: int = 2
) -> Iterator[SparkCluster]:
    """Run a master and workers of one core each until the block ends.

    Args:
        folder: for the processes' folders and logs.
        program: the zip of the program.
        store: variables by which processes find the object store.
        workers: how many.
    """
    home, python = spark_with_stores(), dependencies_only(folder / "environment")
    drivers = made(folder / "drivers")
    hide = hidden(drivers)
    variables = {
        **{name: os.environ[name] for name in ("PATH", "JAVA_HOME") if name in os.environ},
        **store,
        "HOME": str(folder),
        "MPLCONFIGDIR": str(folder),
        "SPARK_HOME": str(home),
        "SPARK_LOCAL_IP": HOST,
        "JDK_JAVA_OPTIONS": JAVA_OPTIONS,
    }
    port = free_port()
    ports = {"--port": str(port), "--webui-port": str(free_port(besides=port))}
    url, pages = (
        f"{kind}://{HOST}:{port}"
        for kind, port in zip(("spark", "http"), ports.values(), strict=True)
    )
    spark_class = str(home / "bin" / "spark-class")
    with ExitStack() as stack:

        def start(name: str, *command: str) -> psutil.Process:
            place = made(folder / name)
            log = stack.enter_context((place / "log").open("wb"))
            process = subprocess.Popen(command, cwd=place, env=variables, stdout=log, stderr=log)
            stack.callback(end, process)
            return psutil.Process(process.pid)

        listening = (word for option in ports.items() for word in option)
        start("master", spark_class, f"{DEPLOY}.master.Master", "--host", HOST, *listening)
        wait_for(lambda: alive_workers(pages) is not None, "the master")
        sized = ("--host", HOST, "--cores", "1", "--memory", "2g", "--webui-port", "0")
        worker = (*hide, spark_class, f"{DEPLOY}.worker.Worker", *sized)
        started = tuple(
            start(f"worker-{i}", *worker, "--work-dir", "work", url) for i in range(workers)
        )
        wait_for(lambda: alive_workers(pages) == workers, "the workers")
        yield SparkCluster(home, python, program, url, drivers, started, variables)


def made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def hidden(folder: Path) -> list[str]:
    """Return the words before a command that hide a folder from it."""
    words = [*HIDE, str(folder)]
    if not shutil.which("unshare") or subprocess.run([*words, "true"], check=False).returncode:
        pytest.skip("this user may hide no folder from the workers")
    return words


def alive_workers(pages: str) -> int | None:
    """Return how many workers the master has; None: it does not answer, or not yet by JSON."""
    try:
        return int(json.loads(urlopen(f"{pages}/json/", timeout=5).read())["aliveworkers"])
    except (URLError, ConnectionError, TimeoutError, json.JSONDecodeError):
        return None


def end(process: "subprocess.Popen[bytes]") -> None:
    """End a process with all that it started."""
    family = psutil.Process(process.pid).children(recursive=True)
    process.terminate()
    process.wait(30)
    for one in psutil.wait_procs(family, timeout=10)[1]:
        one.kill()


def wait_for(ready: Callable[[], object], what: str, seconds: float = 120) -> None:
    """Wait until something is true."""
    deadline = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < deadline, f"{what} did not come"
        time.sleep(0.1)
