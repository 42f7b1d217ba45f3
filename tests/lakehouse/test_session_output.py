"""A session that starts prints no line of Spark's, and still prints errors."""

import os
import subprocess
import sys

import pytest

START = """
from lakehouse.session import build_session
from lakehouse.settings import JobSettings

spark = build_session(JobSettings(), "quiet")
spark.range(3).count()
spark._jvm.org.apache.logging.log4j.LogManager.getLogger("app.Part").error("a real error")
spark.stop()
"""
# The JVM writes these before any option of logging counts.
OF_THE_JVM = ("WARNING: Using incubator modules", "NOTE: Picked up JDK_JAVA_OPTIONS", "Picked up")


@pytest.mark.slow
def test_a_session_starts_without_warnings_and_prints_errors() -> None:
    # The session of the tests leaves its own options of the JVM here.
    environment = {k: v for k, v in os.environ.items() if k != "PYSPARK_SUBMIT_ARGS"}
    command = [sys.executable, "-c", START]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    lines = [line for line in done.stderr.splitlines() if not line.startswith(OF_THE_JVM)]
    assert [line[9:] for line in lines] == ["Part: a real error"]
