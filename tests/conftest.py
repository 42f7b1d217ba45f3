"""One Spark session for the whole run, and a new lake for each test."""

import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lakehouse.lake import Lake

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from benchmarks.postgresql_server import PostgresqlServer

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"
# Every plan is run once or twice and every process is short: what the second compiler makes of
# their code costs more than it ever saves (of an ingest of 30,000 lines, 13 s of CPU time for 21).
JAVA_OPTIONS = "-XX:TieredStopAtLevel=1"


def pytest_configure() -> None:
    """Tell it to every JVM that a test starts: sessions, steps as processes, brokers."""
    os.environ.setdefault("JDK_JAVA_OPTIONS", JAVA_OPTIONS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take long, so that no process ends with one of them alone."""
    long = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in long)


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[SparkSession]":
    """The session of the run, started as by spark-submit with a few values of its own."""
    from pyspark import SparkContext

    from lakehouse.session import build_session
    from lakehouse.settings import JobSettings

    folder = tmp_path_factory.mktemp("spark")
    submitted = {
        "spark.master": "local[2]",
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.warehouse.dir": f"{folder}/warehouse",
        "spark.local.dir": f"{folder}/local",
        "spark.ui.enabled": "false",
        "spark.driver.extraJavaOptions": "-XX:+UseSerialGC",
    }
    options = " ".join(f"--conf {name}={value}" for name, value in submitted.items())
    os.environ["PYSPARK_SUBMIT_ARGS"] = f"{options} --driver-memory 2g pyspark-shell"
    SparkContext._ensure_initialized()
    session = build_session(JobSettings(), "tests")
    yield session
    session.stop()


@pytest.fixture(autouse=True)
def log_as_before() -> Iterator[None]:
    """Undo what a command did to the log: its handlers write to a stream that this test closes."""
    handlers, level = logging.root.handlers[:], logging.root.level
    yield
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """A place for a lake; nothing is there yet."""
    return Lake.at(str(tmp_path / "lake"))


@pytest.fixture
def shared_data() -> Path:
    """The folder of real data; the test is skipped where it is absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"real data is not at {SHARED_DATA}")
    return SHARED_DATA


@pytest.fixture(scope="session")
def postgresql() -> "Iterator[PostgresqlServer]":
    """A PostgreSQL server of the run."""
    from benchmarks.postgresql_server import running_server

    with running_server() as server:
        yield server


@pytest.fixture
def database(postgresql: "PostgresqlServer") -> str:
    """The URL of an empty database of PostgreSQL."""
    return postgresql.create_database()


@pytest.fixture(scope="session")
def ferretdb() -> Iterator[Iterator[str]]:
    """A server of MongoDB's protocol for the run: URLs of empty databases."""
    from ferretdb_server import running_ferretdb

    with running_ferretdb() as urls:
        yield urls


@pytest.fixture
def item_database(ferretdb: Iterator[str]) -> str:
    """The URL of an empty database of MongoDB's protocol."""
    return next(ferretdb)
