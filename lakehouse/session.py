"""Spark session builder: the only code that starts a session."""

import os
import sys
from pathlib import Path

from pyspark.sql import SparkSession

from lakehouse import jars
from lakehouse.settings import JobSettings

# Values that every job needs, also under spark-submit, whose --conf can only replace SIZING.
REQUIRED = {
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    # Tables have few files: two tasks read a snapshot faster than the default fifty.
    "spark.databricks.delta.snapshotPartitions": "2",
    # xgboost's barrier stages refuse to run with dynamic allocation.
    "spark.dynamicAllocation.enabled": "false",
    # A session waits (30 s at most) for the executors asked for: their number decides how many
    # workers train one model.
    "spark.scheduler.minRegisteredResourcesRatio": "1.0",
}
LOG4J = Path(__file__).with_name("log4j2.properties").as_uri()
# Values of a local session; under spark-submit its command line sets them.
LOCAL = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    # On few cores the default collector's background threads cost a fifth of a build.
    "spark.driver.extraJavaOptions": f'-XX:+UseParallelGC "-Dlog4j2.configurationFile={LOG4J}"',
}
# Values that --conf may replace. A kernel processes a whole bucket at once, so that splitting rows
# into smaller batches would only add overhead.
SIZING = {
    # The largest value. Below it Spark 4.2 measures the batch before each row: every exchange with
    # Python workers then takes twice as long, and with an array column quadratic time.
    "spark.sql.execution.arrow.maxBytesPerBatch": str(2**31 - 1),
    "spark.sql.execution.arrow.maxRecordsPerBatch": "200000",
    "spark.sql.shuffle.partitions": "8",
}


def build_session(settings: JobSettings, name: str) -> SparkSession:
    """Start a Spark session, or configure the one that spark-submit started.

    Raises:
        RefusedError: Java or a jar is missing; the message gives the command that installs it.
    """
    jars.require()
    # Without this, workers would start whichever python3 comes first on the PATH.
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.appName(f"shopcast {name}")
    for key, value in {**local_values(settings), **REQUIRED}.items():
        builder = builder.config(key, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    given = session.sparkContext.getConf()
    for key, value in SIZING.items():
        session.conf.set(key, given.get(key, value) or value)
    return session


def local_values(settings: JobSettings) -> dict[str, str]:
    """Return the Spark values of a local process; none under spark-submit, which sets them."""
    if "PYSPARK_GATEWAY_PORT" in os.environ:
        return {}
    return {
        **LOCAL,
        "spark.master": settings.spark_master,
        "spark.driver.memory": settings.spark_driver_memory,
    }
