"""Installer of the jars that Spark lacks, so that no session has to download them.

    python -m lakehouse.jars [--stores]

Reads Maven Central through the Ivy that Spark ships; writes into the ``jars`` folder of the
installed pyspark, where spark-submit, a local session and a container image all find the jars.
``--stores`` adds the connectors of S3 and Azure, and the values by which they find the providers'
environment variables.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pyspark

from lakehouse.errors import RefusedError

Coordinate = tuple[str, str, str]
# The jar's version must be that of the Python package; delta-spark 4.4.1, on PyPI, has no jar.
COORDINATES = (
    ("io.delta", "delta-spark_4.2_2.13", "4.4.0"),
    ("org.apache.spark", "spark-sql-kafka-0-10_2.13", "4.2.0"),
)

# The connectors of object stores, without what they depend on, and the modules of Amazon's library
# that they use: 12 MB instead of the bundle of 690 MB (apache/paimon PR 7285).
CONNECTORS = (
    ("org.apache.hadoop", "hadoop-aws", "3.5.0"),
    ("software.amazon.s3.analyticsaccelerator", "analyticsaccelerator-s3", "1.3.0"),
    ("org.apache.hadoop", "hadoop-azure", "3.5.0"),
    ("org.wildfly.openssl", "wildfly-openssl", "2.2.5.Final"),
)
STORES = (
    ("software.amazon.awssdk", "s3-transfer-manager", "2.35.10"),
    ("software.amazon.awssdk", "sts", "2.35.10"),
)
# Hadoop looks for the file among the jars, after the folders of SPARK_CONF_DIR and HADOOP_CONF_DIR.
STORE_VALUES = Path(__file__).with_name("core-site.xml")
STORE_VALUES_JAR = "shopcast-stores.jar"
SHOWN_LINES = 20


def jars_folder() -> Path:
    """Return the folder of Spark's jars.

    SPARK_HOME wins if set: under spark-submit, pyspark is imported from an archive without jars.
    """
    home = os.environ.get("SPARK_HOME") or Path(pyspark.__file__).parent
    return Path(home) / "jars"


def missing(wanted: Sequence[Coordinate] = COORDINATES) -> list[Coordinate]:
    """List the (group, artifact, version) of each jar that is not installed."""
    return [
        (group, artifact, version)
        for group, artifact, version in wanted
        if not (jars_folder() / f"{artifact}-{version}.jar").exists()
    ]


def require() -> None:
    """Check that Java and the required jars are installed, so that a Spark session can start.

    Raises:
        RefusedError: Java or a jar is missing; the message gives the command that installs it.
    """
    if shutil.which("java") is None and not java_home_has_java():
        raise RefusedError(
            "Java 17 is missing: install it with 'apt-get install openjdk-17-jre-headless' "
            "(or your system's package of a Java 17 runtime)."
        )
    absent = missing()
    if absent:
        names = ", ".join(":".join(coordinate) for coordinate in absent)
        raise RefusedError(f"Spark lacks {names}: run 'make setup' (python -m lakehouse.jars).")


def java_home_has_java() -> bool:
    """Return whether JAVA_HOME points to a Java runtime."""
    home = os.environ.get("JAVA_HOME")
    return bool(home) and (Path(str(home)) / "bin" / "java").exists()


def install(coordinate: Coordinate, *options: str) -> None:
    """Download a jar and its dependencies, and copy the jars that Spark lacks into its folder.

    Args:
        coordinate: group, artifact and version.
        options: further options of Ivy.

    Raises:
        RefusedError: Ivy could not fetch the jar; check the connection to Maven Central and run
            again. The message ends with what Ivy printed.
    """
    with tempfile.TemporaryDirectory() as folder:
        command = [*ivy_command(*coordinate, folder), *options]
        # Output is captured: Ivy prints a dot for every few kilobytes, whatever its message level.
        ivy = subprocess.run(command, capture_output=True, text=True, check=False)
        if ivy.returncode:
            printed = "\n".join((ivy.stdout + ivy.stderr).splitlines()[-SHOWN_LINES:])
            raise RefusedError(
                f"{':'.join(coordinate)}: Ivy could not fetch the jar; check the connection "
                f"to Maven Central and run 'make setup' again.\n{printed}"
            )
        for jar in Path(folder).glob("*.jar"):
            if not has_artifact(jar.name):
                shutil.copy(jar, jars_folder())


def ivy_command(group: str, artifact: str, version: str, folder: str) -> list[str]:
    """Build the command line by which Spark's Ivy downloads one artifact into a folder."""
    ivy = next(jars_folder().glob("ivy-*.jar"))
    pattern = f"{folder}/[artifact]-[revision].[ext]"
    dependency = ["-dependency", group, artifact, version, "-confs", "default"]
    return ["java", "-jar", str(ivy), *dependency, "-retrieve", pattern, "-types", "jar", "-warn"]


def has_artifact(jar: str) -> bool:
    """Return whether Spark's folder already has a jar of the same artifact, of any version."""
    artifact = jar.rsplit("-", 1)[0]
    return any(jars_folder().glob(f"{artifact}-[0-9]*.jar"))


def pack_store_values(folder: Path) -> None:
    """Write the values of the connectors as a jar, which drivers and executors read alike."""
    with zipfile.ZipFile(folder / STORE_VALUES_JAR, "w") as jar:
        jar.write(STORE_VALUES, STORE_VALUES.name)


def main() -> int:
    """Install every missing jar and return the exit code."""
    try:
        stores = "--stores" in sys.argv[1:]
        for coordinate in missing((*COORDINATES, *(STORES if stores else ()))):
            sys.stderr.write(f"fetching {':'.join(coordinate)} and what the jar depends on\n")
            install(coordinate)
        for coordinate in missing(CONNECTORS if stores else ()):
            sys.stderr.write(f"fetching {':'.join(coordinate)}\n")
            install(coordinate, "-notransitive")
        if stores:
            pack_store_values(jars_folder())
        require()
    except RefusedError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
